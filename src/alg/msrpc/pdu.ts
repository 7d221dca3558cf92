/**
 * PDUs of DCE/RPC over connections (C706 12.6): a header of sixteen bytes that says which byte order the rest is in and
 * how long the fragment is, then fields by type, the stub data, and behind them who vouches for it.
 *
 *     0       2      3       4                 8              10            12        16
 *     │ 5 │ 0 │ type │ flags │ representation  │ frag length  │ auth length │ call id │ …
 */

export const HEADER_LENGTH = 16;
const AUTH_TRAILER = 8;
/** The stub is enciphered (MS-RPCE 2.2.1.1.8). */
const PRIVACY = 6;
const LITTLE_ENDIAN = 0x10;
const HAS_OBJECT = 0x80;
const SYNTAX_LENGTH = 20;

export const PduType = {
  REQUEST: 0,
  RESPONSE: 2,
  FAULT: 3,
  BIND: 11,
  BIND_ACK: 12,
  BIND_NAK: 13,
  ALTER_CONTEXT: 14,
  ALTER_CONTEXT_ANSWER: 15,
} as const;

export const FIRST_FRAGMENT = 1;
export const LAST_FRAGMENT = 2;

export class Pdu {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly isLittle: boolean;
  readonly type: number;
  readonly flags: number;
  readonly callId: number;
  /** Where the fields end: before the authentication and its padding. */
  readonly end: number;
  readonly isPrivate: boolean;

  /** `bytes` are one whole fragment, of which `fragmentLength` has said so. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.isLittle = (bytes[4]! & LITTLE_ENDIAN) !== 0;
    this.type = bytes[2]!;
    this.flags = bytes[3]!;
    this.callId = this.u32(12);
    const authLength = this.u16(10);
    const trailer = bytes.length - authLength - AUTH_TRAILER;
    const padding = authLength === 0 ? 0 : bytes[trailer + 2]!;
    this.isPrivate = authLength !== 0 && bytes[trailer + 1] === PRIVACY;
    this.end = authLength === 0 ? bytes.length : Math.max(HEADER_LENGTH, trailer - padding);
  }

  u16(at: number): number {
    return this.view.getUint16(at, this.isLittle);
  }

  u32(at: number): number {
    return this.view.getUint32(at, this.isLittle);
  }
}

/** Length of the fragment that these bytes begin with; 0 while it is not known, -1 for none. */
export function fragmentLength(bytes: Uint8Array): number {
  if (bytes[0] !== 5 || (bytes.length > 1 && bytes[1]! > 1)) return -1;
  if (bytes.length < HEADER_LENGTH) return 0;
  const isLittle = (bytes[4]! & LITTLE_ENDIAN) !== 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint16(8, isLittle);
  const authLength = view.getUint16(10, isLittle);
  if (length < HEADER_LENGTH) return -1;
  if (authLength !== 0 && HEADER_LENGTH + AUTH_TRAILER + authLength > length) return -1;
  return length;
}

export interface OfferedContext {
  readonly id: number;
  /** UUID and version of the interface, as hexadecimal digits in the order of a UUID's text. */
  readonly syntax: string;
}

/** Of bind and alter_context; null where they leave the fragment. */
export function readContexts(pdu: Pdu, most: number): OfferedContext[] | null {
  const { bytes, end } = pdu;
  const first = HEADER_LENGTH + 8;
  if (first + 4 > end) return null;
  const count = Math.min(bytes[first]!, most);
  const contexts: OfferedContext[] = [];
  let at = first + 4;
  for (let i = 0; i < count; i++) {
    if (at + 4 + SYNTAX_LENGTH > end) return null;
    const transfers = bytes[at + 2]!;
    contexts.push({ id: pdu.u16(at), syntax: syntaxAt(pdu, at + 4) });
    at += 4 + SYNTAX_LENGTH * (1 + transfers);
    if (at > end) return null;
  }
  return contexts;
}

/** Of their answers: by the order of the offer, whether each is accepted. Null where they leave the fragment. */
export function readResults(pdu: Pdu, most: number): boolean[] | null {
  const { bytes, end } = pdu;
  const address = HEADER_LENGTH + 8;
  if (address + 2 > end) return null;
  const length = pdu.u16(address);
  const last = address + 2 + length;
  // The secondary address ends with a zero byte, which is counted.
  if (last > end || (length > 0 && bytes[last - 1] !== 0)) return null;
  const list = (last + 3) & ~3;
  if (list + 4 > end) return null;
  const count = Math.min(bytes[list]!, most);
  const results: boolean[] = [];
  for (let i = 0; i < count; i++) {
    const at = list + 4 + i * (4 + SYNTAX_LENGTH);
    if (at + 4 + SYNTAX_LENGTH > end) return null;
    results.push(pdu.u16(at) === 0);
  }
  return results;
}

/** Where the stub data of a request begin. */
export function requestStub({ flags }: Pdu): number {
  return HEADER_LENGTH + 8 + ((flags & HAS_OBJECT) !== 0 ? 16 : 0);
}

export const RESPONSE_STUB = HEADER_LENGTH + 8;

function syntaxAt(pdu: Pdu, at: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const tail = [...pdu.bytes.subarray(at + 8, at + 16)].map((byte) => hex(byte, 2)).join('');
  return (
    hex(pdu.u32(at), 8) + hex(pdu.u16(at + 4), 4) + hex(pdu.u16(at + 6), 4) + tail + hex(pdu.u32(at + 16), 8)
  );
}
