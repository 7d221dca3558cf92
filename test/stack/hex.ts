/** Frames written by hand: IPv4 header and IGMP checksums are filled in. */
import { checksum } from '../../src/wire/checksum.ts';
import * as ipv4 from '../../src/wire/ipv4.ts';
import { writeU16 } from '../../src/wire/bytes.ts';

const L3 = 14;

export function frameHex(text: string): Uint8Array {
  const frame = Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
  writeU16(frame, L3 + 2, frame.length - L3);
  const l4 = L3 + ipv4.headerLength(frame, L3);
  writeU16(frame, l4 + 2, 0);
  writeU16(frame, l4 + 2, checksum(frame, l4, frame.length, 0));
  writeU16(frame, L3 + 10, 0);
  ipv4.fillChecksum(frame, L3);
  return frame;
}
