/**
 * Bridge protocol data units of the spanning tree (IEEE 802.1D-1998 and 802.1D-2004, clause 9), in an 802.3 frame with an LLC
 * header to the group of bridges. Times are counted in 1/256 s. The original protocol has a configuration and a topology
 * change notification; the rapid one has a configuration of another version and type, with more flags and a byte behind.
 *
 *     protocol 0 (2) · version · type · flags · root (8) · cost (4) · bridge (8) · port (2) · age, max age, hello, delay (2 each)
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

/** Of the rapid protocol. */
export const RAPID_VERSION = 2;
export const TYPE_RAPID = 0x02;
export const RAPID_LENGTH = 36;
const FLAG_PROPOSAL = 0x02;
const FLAG_LEARNING = 0x10;
const FLAG_FORWARDING = 0x20;
const FLAG_AGREEMENT = 0x40;
const ROLE_SHIFT = 2;
/** What a port says that it is; alternate and backup ports share a number. */
export const SaidRole = { UNKNOWN: 0, ALTERNATE: 1, ROOT: 2, DESIGNATED: 3 } as const;
export type SaidRole = (typeof SaidRole)[keyof typeof SaidRole];

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

/** A configuration of either protocol, as a bridge of the rapid one takes it. */
export interface RapidBpdu extends ConfigBpdu {
  /** False for one of the original protocol, whose sender serves the link. */
  readonly isRapid: boolean;
  readonly role: SaidRole;
  readonly proposal: boolean;
  readonly agreement: boolean;
  readonly learning: boolean;
  readonly forwarding: boolean;
}

/** What stands in a frame to the group of bridges; null for what is no message of the original protocol. */
export function parse(bytes: Uint8Array, start: number, end: number): ConfigBpdu | 'tcn' | null {
  const at = messageIn(bytes, start, end);
  return at < 0 || bytes[at + 2] !== 0 ? null : parseOriginal(bytes, at, end);
}

/** The same, of either protocol: later versions are read as the rapid one's (802.1D-2004, 9.3.4). */
export function parseRapid(bytes: Uint8Array, start: number, end: number): RapidBpdu | 'tcn' | null {
  const at = messageIn(bytes, start, end);
  if (at < 0) return null;
  if (bytes[at + 3] === TYPE_RAPID) {
    if (bytes[at + 2]! < RAPID_VERSION || at + RAPID_LENGTH > end) return null;
    const flags = bytes[at + 4]!;
    return {
      ...configAt(bytes, at),
      isRapid: true,
      role: ((flags >>> ROLE_SHIFT) & 3) as SaidRole,
      proposal: (flags & FLAG_PROPOSAL) !== 0,
      agreement: (flags & FLAG_AGREEMENT) !== 0,
      learning: (flags & FLAG_LEARNING) !== 0,
      forwarding: (flags & FLAG_FORWARDING) !== 0,
    };
  }
  const message = parseOriginal(bytes, at, end);
  if (message === null || message === 'tcn') return message;
  const silent = { proposal: false, agreement: false, learning: false, forwarding: false };
  return { ...message, ...silent, isRapid: false, role: SaidRole.DESIGNATED };
}

/** Where the message begins behind its LLC header; -1 when there is none. */
function messageIn(bytes: Uint8Array, start: number, end: number): number {
  const llc = start + ethernet.HEADER_LENGTH;
  const at = llc + LLC.length;
  if (at + TCN_LENGTH > end || LLC.some((byte, i) => bytes[llc + i] !== byte)) return -1;
  return readU16(bytes, at) === 0 ? at : -1;
}

function parseOriginal(bytes: Uint8Array, at: number, end: number): ConfigBpdu | 'tcn' | null {
  if (bytes[at + 3] === TYPE_TCN) return 'tcn';
  return bytes[at + 3] === TYPE_CONFIG && at + CONFIG_LENGTH <= end ? configAt(bytes, at) : null;
}

function configAt(bytes: Uint8Array, at: number): ConfigBpdu {
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
  writeConfig(frame, TYPE_CONFIG, changeFlags(bpdu), bpdu);
  return frame;
}

export function rapidFrame(source: Uint8Array, bpdu: Omit<RapidBpdu, 'isRapid'>): Uint8Array {
  const frame = makeFrame(source, RAPID_LENGTH);
  frame[MESSAGE + 2] = RAPID_VERSION;
  const flags =
    changeFlags(bpdu) |
    (bpdu.role << ROLE_SHIFT) |
    (bpdu.proposal ? FLAG_PROPOSAL : 0) |
    (bpdu.agreement ? FLAG_AGREEMENT : 0) |
    (bpdu.learning ? FLAG_LEARNING : 0) |
    (bpdu.forwarding ? FLAG_FORWARDING : 0);
  writeConfig(frame, TYPE_RAPID, flags, bpdu);
  return frame;
}

export function tcnFrame(source: Uint8Array): Uint8Array {
  const frame = makeFrame(source, TCN_LENGTH);
  frame[MESSAGE + 3] = TYPE_TCN;
  return frame;
}

const MESSAGE = ethernet.HEADER_LENGTH + LLC.length;

function changeFlags({ topologyChange, topologyChangeAck }: ConfigBpdu): number {
  return (topologyChange ? FLAG_TOPOLOGY_CHANGE : 0) | (topologyChangeAck ? FLAG_TOPOLOGY_CHANGE_ACK : 0);
}

function writeConfig(frame: Uint8Array, type: number, flags: number, bpdu: ConfigBpdu): void {
  const at = MESSAGE;
  frame[at + 3] = type;
  frame[at + 4] = flags;
  frame.set(hexToBytes(bpdu.root), at + 5);
  writeU32(frame, at + 13, bpdu.rootCost);
  frame.set(hexToBytes(bpdu.bridge), at + 17);
  writeU16(frame, at + 25, bpdu.port);
  [bpdu.messageAge, bpdu.maxAge, bpdu.helloTime, bpdu.forwardDelay].forEach((us, i) =>
    writeU16(frame, at + 27 + 2 * i, Math.round(us / US_PER_TICK)),
  );
}

function makeFrame(source: Uint8Array, length: number): Uint8Array {
  const frame = new Uint8Array(MESSAGE + length);
  ethernet.setDst(frame, 0, BRIDGE_GROUP, 0);
  ethernet.setSrc(frame, 0, source, 0);
  ethernet.setType(frame, 0, LLC.length + length);
  frame.set(LLC, ethernet.HEADER_LENGTH);
  return frame;
}
