/**
 * Bridge protocol data units of the spanning tree (IEEE 802.1D-1998 clause 9), in an 802.3 frame with an LLC header to the
 * group of bridges. Times are counted in 1/256 s. Only the configuration and the topology change notification of the
 * original protocol; those of the rapid one have another version.
 *
 *     protocol 0 (2) · version 0 · type · flags · root (8) · cost (4) · bridge (8) · port (2) · age, max age, hello, delay (2 each)
 */
import { bytesToHex, hexToBytes, readU16, readU32, writeU16, writeU32 } from './bytes.ts';
import * as ethernet from './ethernet.ts';

/** Bytes behind the LLC header. */
export const CONFIG_LENGTH = 35;
export const TCN_LENGTH = 4;
export const TYPE_CONFIG = 0x00;
export const TYPE_TCN = 0x80;
export const FLAG_TOPOLOGY_CHANGE = 0x01;
export const FLAG_TOPOLOGY_CHANGE_ACK = 0x80;

/** The group that bridges listen to. */
export const BRIDGE_GROUP = Uint8Array.of(0x01, 0x80, 0xc2, 0, 0, 0);
/** Spanning tree's access point, twice, and unnumbered information. */
const LLC = Uint8Array.of(0x42, 0x42, 0x03);
const TICKS_PER_SECOND = 256;
const US_PER_TICK = 1_000_000 / TICKS_PER_SECOND;

/** A configuration. Identifiers of bridges are sixteen hexadecimal digits, so that the smaller one is the better. */
export interface ConfigBpdu {
  readonly topologyChange: boolean;
  readonly topologyChangeAck: boolean;
  readonly root: string;
  readonly rootCost: number;
  readonly bridge: string;
  readonly port: number;
  /** Microseconds. */
  readonly messageAge: number;
  readonly maxAge: number;
  readonly helloTime: number;
  readonly forwardDelay: number;
}

/** What stands in a frame to the group of bridges; null for what is no message of this version of the protocol. */
export function parse(bytes: Uint8Array, start: number, end: number): ConfigBpdu | 'tcn' | null {
  const llc = start + ethernet.HEADER_LENGTH;
  const at = llc + LLC.length;
  if (at + TCN_LENGTH > end || LLC.some((byte, i) => bytes[llc + i] !== byte)) return null;
  if (readU16(bytes, at) !== 0 || bytes[at + 2] !== 0) return null;
  if (bytes[at + 3] === TYPE_TCN) return 'tcn';
  if (bytes[at + 3] !== TYPE_CONFIG || at + CONFIG_LENGTH > end) return null;
  const time = (offset: number) => readU16(bytes, at + offset) * US_PER_TICK;
  return {
    topologyChange: (bytes[at + 4]! & FLAG_TOPOLOGY_CHANGE) !== 0,
    topologyChangeAck: (bytes[at + 4]! & FLAG_TOPOLOGY_CHANGE_ACK) !== 0,
    root: bytesToHex(bytes, at + 5, at + 13),
    rootCost: readU32(bytes, at + 13),
    bridge: bytesToHex(bytes, at + 17, at + 25),
    port: readU16(bytes, at + 25),
    messageAge: time(27),
    maxAge: time(29),
    helloTime: time(31),
    forwardDelay: time(33),
  };
}

export function configFrame(source: Uint8Array, bpdu: ConfigBpdu): Uint8Array {
  const frame = makeFrame(source, CONFIG_LENGTH);
  const at = ethernet.HEADER_LENGTH + LLC.length;
  frame[at + 3] = TYPE_CONFIG;
  frame[at + 4] =
    (bpdu.topologyChange ? FLAG_TOPOLOGY_CHANGE : 0) |
    (bpdu.topologyChangeAck ? FLAG_TOPOLOGY_CHANGE_ACK : 0);
  frame.set(hexToBytes(bpdu.root), at + 5);
  writeU32(frame, at + 13, bpdu.rootCost);
  frame.set(hexToBytes(bpdu.bridge), at + 17);
  writeU16(frame, at + 25, bpdu.port);
  [bpdu.messageAge, bpdu.maxAge, bpdu.helloTime, bpdu.forwardDelay].forEach((us, i) =>
    writeU16(frame, at + 27 + 2 * i, Math.round(us / US_PER_TICK)),
  );
  return frame;
}

export function tcnFrame(source: Uint8Array): Uint8Array {
  const frame = makeFrame(source, TCN_LENGTH);
  frame[ethernet.HEADER_LENGTH + LLC.length + 3] = TYPE_TCN;
  return frame;
}

function makeFrame(source: Uint8Array, length: number): Uint8Array {
  const frame = new Uint8Array(ethernet.HEADER_LENGTH + LLC.length + length);
  ethernet.setDst(frame, 0, BRIDGE_GROUP, 0);
  ethernet.setSrc(frame, 0, source, 0);
  ethernet.setType(frame, 0, LLC.length + length);
  frame.set(LLC, ethernet.HEADER_LENGTH);
  return frame;
}
