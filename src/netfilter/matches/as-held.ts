/**
 * What looks at a packet's bytes sees them as the kernel holds them: where the checksum is left to the device
 * (CHECKSUM_PARTIAL), its field has the pseudo header's sum until then.
 */
import { readU16, writeU16 } from '../../wire/bytes.ts';
import { fold, pseudoOf } from '../../wire/checksum.ts';
import { ChecksumState, type PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';

export interface Look {
  look(pkt: PacketBuffer): boolean;
}

export function lookAsHeld(pkt: PacketBuffer, by: Look): boolean {
  if (pkt.checksumState !== ChecksumState.PENDING) return by.look(pkt);
  const { bytes, l4, l3End } = pkt;
  // Only resets are left unfinished.
  const at = l4 + tcp.CHECKSUM_AT;
  const finished = readU16(bytes, at);
  writeU16(bytes, at, fold(pseudoOf(pkt, l3End - l4)));
  const seen = by.look(pkt);
  writeU16(bytes, at, finished);
  return seen;
}
