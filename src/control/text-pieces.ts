/** Long text goes over the socket in pieces. */

/** Where a piece ends that does not tear a pair of surrogates. */
export function pieceEnd(text: string, start: number, most: number): number {
  const end = start + most;
  if (end >= text.length) return text.length;
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit < 0xdc00 ? end - 1 : end;
}
