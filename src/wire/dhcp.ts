/**
 * DHCP for IPv4 on the wire (RFC 2131, options RFC 2132): BOOTP's fixed part, the magic cookie, options; options that
 * continue in the fields for server name and boot file (overload), and long ones in several pieces (RFC 3396).
 *
 *   0     4    8      12      16      20      24      28      44     108    236       240
 *   ┌─────┬────┬──────┬───────┬───────┬───────┬───────┬───────┬──────┬──────┬─────────┬─────────┐
 *   │ op… │xid │ secs │ciaddr │yiaddr │siaddr │giaddr │chaddr │sname │ file │ cookie  │ options │
 *   └─────┴────┴──────┴───────┴───────┴───────┴───────┴───────┴──────┴──────┴─────────┴─────────┘
 */
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';

export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;

export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;
const ETHERNET = 1;
const COOKIE = 0x63825363;

const FIXED_LENGTH = 236;
const OPTIONS_AT = 240;
const CHADDR_AT = 28;
const SNAME_AT = 44;
const FILE_AT = 108;
/** BOOTP's length, below which old relays drop a message (RFC 1542 2.1). */
const MIN_LENGTH = 300;
const MAX_OPTION_LENGTH = 255;

export const BROADCAST_FLAG = 0x8000;

/** Option 53. */
export const MessageType = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** The options that are spoken here, by their numbers. */
export const Option = {
  PAD: 0,
  SUBNET_MASK: 1,
  ROUTER: 3,
  DOMAIN_NAME_SERVER: 6,
  HOST_NAME: 12,
  DOMAIN_NAME: 15,
  INTERFACE_MTU: 26,
  BROADCAST_ADDRESS: 28,
  NTP_SERVERS: 42,
  REQUESTED_ADDRESS: 50,
  LEASE_TIME: 51,
  OVERLOAD: 52,
  MESSAGE_TYPE: 53,
  SERVER_IDENTIFIER: 54,
  PARAMETER_LIST: 55,
  MESSAGE: 56,
  MAX_MESSAGE_SIZE: 57,
  RENEWAL_TIME: 58,
  REBINDING_TIME: 59,
  CLIENT_IDENTIFIER: 61,
  TFTP_SERVER_NAME: 66,
  BOOT_FILE: 67,
  CLIENT_ARCHITECTURE: 93,
  DOMAIN_SEARCH: 119,
  END: 255,
} as const;

/** Addresses are signed 32-bit integers. */
export interface DhcpMessage {
  readonly op: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: number;
  readonly yiaddr: number;
  readonly siaddr: number;
  readonly giaddr: number;
  /** The client's hardware address, six bytes. */
  readonly chaddr: Uint8Array;
  /** Boot file name, where the field is no continuation of the options. */
  readonly file: string;
  readonly options: ReadonlyMap<number, Uint8Array>;
}

/** Undefined for what is no DHCP message of an Ethernet client. */
export function parse(bytes: Uint8Array, start: number, end: number): DhcpMessage | undefined {
  if (end - start < OPTIONS_AT || readI32(bytes, start + FIXED_LENGTH) !== COOKIE) return undefined;
  const op = bytes[start]!;
  if ((op !== BOOTREQUEST && op !== BOOTREPLY) || bytes[start + 1] !== ETHERNET || bytes[start + 2] !== 6) {
    return undefined;
  }
  const options = new Map<number, Uint8Array>();
  if (!readOptions(bytes, start + OPTIONS_AT, end, options)) return undefined;
  const overload = options.get(Option.OVERLOAD)?.[0] ?? 0;
  if ((overload & 1) !== 0 && !readOptions(bytes, start + FILE_AT, start + FIXED_LENGTH, options))
    return undefined;
  if ((overload & 2) !== 0 && !readOptions(bytes, start + SNAME_AT, start + FILE_AT, options))
    return undefined;
  return {
    op,
    xid: readI32(bytes, start + 4),
    secs: readU16(bytes, start + 8),
    flags: readU16(bytes, start + 10),
    ciaddr: readI32(bytes, start + 12),
    yiaddr: readI32(bytes, start + 16),
    siaddr: readI32(bytes, start + 20),
    giaddr: readI32(bytes, start + 24),
    chaddr: bytes.slice(start + CHADDR_AT, start + CHADDR_AT + 6),
    file: (overload & 1) !== 0 ? '' : textOf(bytes, start + FILE_AT, start + FIXED_LENGTH),
    options,
  };
}

/** Options up to the end mark; false when one leaves its field. What stands twice is one value in two pieces. */
function readOptions(bytes: Uint8Array, start: number, end: number, into: Map<number, Uint8Array>): boolean {
  for (let at = start; at < end;) {
    const code = bytes[at]!;
    if (code === Option.END) return true;
    if (code === Option.PAD) {
      at++;
      continue;
    }
    if (at + 2 > end || at + 2 + bytes[at + 1]! > end) return false;
    const next = at + 2 + bytes[at + 1]!;
    const piece = bytes.slice(at + 2, next);
    const before = into.get(code);
    into.set(code, before === undefined ? piece : joined(before, piece));
    at = next;
  }
  return true;
}

/** The bytes of a message, filled up to BOOTP's length. */
export function emit(message: DhcpMessage): Uint8Array {
  let length = OPTIONS_AT + 1;
  for (const value of message.options.values()) length += value.length + 2 * piecesOf(value);
  const bytes = new Uint8Array(Math.max(length, MIN_LENGTH));
  bytes[0] = message.op;
  bytes[1] = ETHERNET;
  bytes[2] = 6;
  writeU32(bytes, 4, message.xid);
  writeU16(bytes, 8, message.secs);
  writeU16(bytes, 10, message.flags);
  writeU32(bytes, 12, message.ciaddr);
  writeU32(bytes, 16, message.yiaddr);
  writeU32(bytes, 20, message.siaddr);
  writeU32(bytes, 24, message.giaddr);
  bytes.set(message.chaddr, CHADDR_AT);
  for (let i = 0; i < message.file.length && FILE_AT + i < FIXED_LENGTH - 1; i++) {
    bytes[FILE_AT + i] = message.file.charCodeAt(i);
  }
  writeU32(bytes, FIXED_LENGTH, COOKIE);
  let at = OPTIONS_AT;
  for (const [code, value] of message.options) at = writeOption(bytes, at, code, value);
  bytes[at] = Option.END;
  return bytes;
}

function piecesOf(value: Uint8Array): number {
  return Math.max(1, Math.ceil(value.length / MAX_OPTION_LENGTH));
}

function writeOption(bytes: Uint8Array, start: number, code: number, value: Uint8Array): number {
  let at = start;
  for (let piece = 0; piece < piecesOf(value); piece++) {
    const part = value.subarray(piece * MAX_OPTION_LENGTH, (piece + 1) * MAX_OPTION_LENGTH);
    bytes[at] = code;
    bytes[at + 1] = part.length;
    bytes.set(part, at + 2);
    at += 2 + part.length;
  }
  return at;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** Up to the first zero byte. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
