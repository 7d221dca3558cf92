/** The order of `ipset -sorted`: texts part by part, numbers by their value. */
const PARTS = /[0-9]+|[^0-9]+/g;

export function naturalOrder(a: string, b: string): number {
  const as = a.match(PARTS) ?? [];
  const bs = b.match(PARTS) ?? [];
  for (let i = 0; i < as.length && i < bs.length; i++) {
    const difference = Number(as[i]) - Number(bs[i]);
    if (difference > 0 || difference < 0) return difference;
    if (Number.isNaN(difference) && as[i] !== bs[i]) return as[i]! < bs[i]! ? -1 : 1;
  }
  return as.length - bs.length;
}
