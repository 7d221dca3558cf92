/**
 * The way of frames through a lab, hop by hop: a tree, since switches copy. Under every frame stands what the switch that
 * it came to did with it, and what that switch knew of the destination at that moment.
 *
 *     1  0 µs  a:eth0 > vswitch1:a  ARP, Request who-has 10.0.0.3 tell 10.0.0.1, length 28
 *          vswitch1: flooded to nested, vmnic0 (knows 2 addresses)
 *       2  …
 */
import { formatMac } from '../wire/address.ts';
import { crossingText, type Crossing, type Decision } from './events.ts';

export function pathText(crossings: readonly Crossing[]): string[] {
  const lines: string[] = [];
  const known = new Set(crossings.map(({ id }) => id));
  const first = crossings[0]?.sentAt ?? 0;
  const width = String(crossings.length).length;
  const numbers = new Map(crossings.map(({ id }, i) => [id, i + 1]));
  const show = (crossing: Crossing, depth: number) => {
    const number = String(numbers.get(crossing.id)!).padStart(width);
    const lost = crossing.arrivedAt < 0 ? '  (lost on the link)' : '';
    lines.push(
      `${'  '.repeat(depth)}${number}  ${Math.round(crossing.sentAt - first)} µs  ${crossingText(crossing)}${lost}`,
    );
    if (crossing.decision !== null) {
      lines.push(
        `${'  '.repeat(depth)}${' '.repeat(width)}    ${decisionText(crossing.decision, crossing.frame)}`,
      );
    }
    for (const child of crossings) if (child.parent === crossing.id) show(child, depth + 1);
  };
  for (const crossing of crossings) if (!known.has(crossing.parent)) show(crossing, 0);
  return lines;
}

/** `vswitch1: sent out of the uplink by vmnic0; 02:00:00:00:03:00 is not in its table of 2` */
export function decisionText({ switch: name, text, out, table }: Decision, frame: Uint8Array): string {
  const by = out.length === 0 ? '' : ` by ${out.join(', ')}`;
  if (frame.length < 6 || (frame[0]! & 1) !== 0) return `${name}: ${text}${by}`;
  const mac = formatMac(frame, 0);
  const entry = table.find((one) => one.mac === mac);
  const knows =
    entry === undefined
      ? `${mac} is not in its table of ${table.length}`
      : `${mac} is at ${entry.port}, ${entry.kind}`;
  return `${name}: ${text}${by}; ${knows}`;
}
