/**
 * What a network card makes of a frame behind a header of virtio, for tests: TSO as Linux does it in software (tcp_gso_segment,
 * inet_gso_segment), told in the plainest way. tap-nic.test.ts asks the kernel itself.
 */
import { fold, sum } from '../../src/wire/checksum.ts';
import * as ipv4 from '../../src/wire/ipv4.ts';
import * as ipv6 from '../../src/wire/ipv6.ts';
import * as tcp from '../../src/wire/tcp.ts';
import { writeU16, writeU32 } from '../../src/wire/bytes.ts';

const HEADER = 10;
const L3 = 14;

export function cutByCard(written: Uint8Array): Uint8Array[] {
  const fields = new DataView(written.buffer, written.byteOffset);
  const frame = written.slice(HEADER);
  const kind = fields.getUint8(1);
  if (kind === 0) return [frame];
  const is4 = kind === 1;
  const [dataAt, size, l4] = [2, 4, 6].map((at) => fields.getUint16(at, true)) as [number, number, number];
  const frames: Uint8Array[] = [];
  for (let at = dataAt, count = 0; at < frame.length; at += size, count++) {
    const payload = frame.subarray(at, Math.min(at + size, frame.length));
    const cut = Uint8Array.of(...frame.subarray(0, dataAt), ...payload);
    const isLast = at + size >= frame.length;
    if (is4) {
      writeU16(cut, L3 + 2, cut.length - L3);
      writeU16(cut, L3 + 4, (ipv4.id(frame, L3) + count) & 0xffff);
      ipv4.fillChecksum(cut, L3);
    } else ipv6.setPayloadLength(cut, L3, cut.length - l4);
    writeU32(cut, l4 + 4, (tcp.seq(frame, l4) + at - dataAt) >>> 0);
    if (!isLast) cut[l4 + 13]! &= ~(tcp.PSH | tcp.FIN);
    // What stands there is the sum of the pseudo header, with the length of the whole.
    const given = fields.getUint16(8, true) === tcp.CHECKSUM_AT ? tcp.headerChecksum(frame, l4) : -1;
    const lengths = (~(frame.length - l4) & 0xffff) + (cut.length - l4);
    writeU16(cut, l4 + tcp.CHECKSUM_AT, 0);
    writeU16(cut, l4 + tcp.CHECKSUM_AT, ~fold(sum(cut, l4, cut.length, given + lengths)) & 0xffff);
    frames.push(cut);
  }
  return frames;
}
