/**
 * DHCPv6 messages between clients and servers (RFC 8415 sections 8 and 21): a type, a transaction, options; and the options
 * within an identity association. What relays put around them is not read.
 */
import { readU16, writeU16, writeU32 } from './bytes.ts';

export const CLIENT_PORT = 546;
export const SERVER_PORT = 547;
/** All_DHCP_Relay_Agents_and_Servers, ff02::1:2. */
export const SERVERS = Int32Array.of(0xff020000 | 0, 0, 0, 0x00010002);

export const MessageType = {
  SOLICIT: 1,
  ADVERTISE: 2,
  REQUEST: 3,
  CONFIRM: 4,
  RENEW: 5,
  REBIND: 6,
  REPLY: 7,
  RELEASE: 8,
  DECLINE: 9,
  INFORMATION_REQUEST: 11,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

export const Option = {
  CLIENT_ID: 1,
  SERVER_ID: 2,
  IA_NA: 3,
  IA_ADDRESS: 5,
  STATUS_CODE: 13,
  RAPID_COMMIT: 14,
  DNS_SERVERS: 23,
  DOMAIN_LIST: 24,
  CLIENT_FQDN: 39,
  NTP_SERVER: 56,
} as const;

export const Status = { SUCCESS: 0, NO_ADDRESSES: 2, NO_BINDING: 3, NOT_ON_LINK: 4 } as const;

export interface Dhcp6Option {
  readonly code: number;
  readonly value: Uint8Array;
}

export interface Dhcp6Message {
  readonly type: number;
  readonly transaction: number;
  readonly options: readonly Dhcp6Option[];
}

const HEADER_LENGTH = 4;
const OPTION_HEADER = 4;
/** IAID, T1, T2. */
const IA_HEADER = 12;
/** Address, preferred and valid lifetime. */
const IA_ADDRESS_LENGTH = 24;
/** More of them in one message are nobody's need. */
const MAX_OPTIONS = 64;

/** Undefined for what is no message, or has an option that is longer than the rest. */
export function parse(bytes: Uint8Array): Dhcp6Message | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const options = parseOptions(bytes, HEADER_LENGTH);
  if (options === undefined) return undefined;
  return { type: bytes[0]!, transaction: (bytes[1]! << 16) | readU16(bytes, 2), options };
}

function parseOptions(bytes: Uint8Array, start: number): Dhcp6Option[] | undefined {
  const options: Dhcp6Option[] = [];
  for (let at = start; at < bytes.length;) {
    if (at + OPTION_HEADER > bytes.length || options.length >= MAX_OPTIONS) return undefined;
    const end = at + OPTION_HEADER + readU16(bytes, at + 2);
    if (end > bytes.length) return undefined;
    options.push({ code: readU16(bytes, at), value: bytes.slice(at + OPTION_HEADER, end) });
    at = end;
  }
  return options;
}

export function emit({ type, transaction, options }: Dhcp6Message): Uint8Array {
  const body = emitOptions(options);
  const bytes = new Uint8Array(HEADER_LENGTH + body.length);
  writeU32(bytes, 0, ((type << 24) | transaction) >>> 0);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

function emitOptions(options: readonly Dhcp6Option[]): Uint8Array {
  const bytes = new Uint8Array(options.reduce((sum, { value }) => sum + OPTION_HEADER + value.length, 0));
  let at = 0;
  for (const { code, value } of options) {
    writeU16(bytes, at, code);
    writeU16(bytes, at + 2, value.length);
    bytes.set(value, at + OPTION_HEADER);
    at += OPTION_HEADER + value.length;
  }
  return bytes;
}

export function optionOf(options: readonly Dhcp6Option[], code: number): Uint8Array | undefined {
  return options.find((option) => option.code === code)?.value;
}

/** The addresses (16 bytes each) that an identity association names; undefined when it is none. */
export function addressesIn(association: Uint8Array): Uint8Array[] | undefined {
  const inner = association.length < IA_HEADER ? undefined : parseOptions(association, IA_HEADER);
  return inner
    ?.filter(({ code, value }) => code === Option.IA_ADDRESS && value.length >= IA_ADDRESS_LENGTH)
    .map(({ value }) => value.slice(0, 16));
}

/** An identity association with one address. */
export function associationWith(
  association: Uint8Array,
  address: Uint8Array,
  validSeconds: number,
): Dhcp6Option {
  const lease = new Uint8Array(IA_ADDRESS_LENGTH);
  lease.set(address);
  writeU32(lease, 16, validSeconds);
  writeU32(lease, 20, validSeconds);
  return association0(association, validSeconds, { code: Option.IA_ADDRESS, value: lease });
}

/** An identity association that gets none, and why. */
export function associationWithout(association: Uint8Array, status: number): Dhcp6Option {
  return association0(association, 0, statusOption(status));
}

function association0(association: Uint8Array, validSeconds: number, inner: Dhcp6Option): Dhcp6Option {
  const content = emitOptions([inner]);
  const value = new Uint8Array(IA_HEADER + content.length);
  value.set(association.subarray(0, 4));
  // RFC 8415 21.4: renewed after half of the time, from anybody after four fifths.
  writeU32(value, 4, Math.floor(validSeconds * 0.5));
  writeU32(value, 8, Math.floor(validSeconds * 0.8));
  value.set(content, IA_HEADER);
  return { code: Option.IA_NA, value };
}

export function statusOption(status: number): Dhcp6Option {
  const value = new Uint8Array(2);
  writeU16(value, 0, status);
  return { code: Option.STATUS_CODE, value };
}
