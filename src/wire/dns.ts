/**
 * DNS on the wire (RFC 1035 section 4), as far as small servers and resolvers of labs speak it: one question a message,
 * and answers of the types A, AAAA, CNAME and PTR. What else stands in a message is passed over.
 *
 *     id · flags · number of questions, answers, authorities, additionals (2 each) │ name · type · class │ answers …
 */
import { readU16, readU32, writeU16, writeU32 } from './bytes.ts';

export const PORT = 53;
export const HEADER_LENGTH = 12;

export const Type = { A: 1, CNAME: 5, PTR: 12, AAAA: 28 } as const;
export const ResponseCode = { OK: 0, FORMAT: 1, SERVER_FAILURE: 2, NO_SUCH_NAME: 3, REFUSED: 5 } as const;
const CLASS_IN = 1;

const FLAG_RESPONSE = 0x8000;
const FLAG_AUTHORITATIVE = 0x0400;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
const OPCODE_MASK = 0x7800;
const CODE_MASK = 0x000f;

const MOST_LABEL_BYTES = 63;
const MOST_NAME_BYTES = 255;
const POINTER = 0xc0;
/** A name that points further than this points in a circle. */
const MOST_POINTERS = 32;

export interface DnsQuestion {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** In lower case, without the dot at its end. */
  readonly name: string;
  readonly type: number;
}

export interface DnsRecord {
  readonly type: number;
  readonly ttl: number;
  /** Four or sixteen bytes of an address; of PTR and CNAME the name. */
  readonly data: Uint8Array | string;
}

export interface DnsAnswer extends DnsRecord {
  /** What it is about: the question's name, or one that it is an alias of. */
  readonly name: string;
}

export interface DnsResponse {
  readonly id: number;
  readonly code: number;
  readonly name: string;
  readonly answers: readonly DnsAnswer[];
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A query with one question of the Internet's class; undefined for anything else. */
export function parseQuery(bytes: Uint8Array): DnsQuestion | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const flags = readU16(bytes, 2);
  if ((flags & (FLAG_RESPONSE | OPCODE_MASK)) !== 0 || readU16(bytes, 4) !== 1) return undefined;
  const question = questionAt(bytes);
  if (question === undefined) return undefined;
  const { name, type } = question;
  return { id: readU16(bytes, 0), recursionDesired: (flags & FLAG_RECURSION_DESIRED) !== 0, name, type };
}

/** An answer to one question; undefined for what is none or is cut. */
export function parseResponse(bytes: Uint8Array): DnsResponse | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const flags = readU16(bytes, 2);
  if ((flags & FLAG_RESPONSE) === 0 || readU16(bytes, 4) !== 1) return undefined;
  const question = questionAt(bytes);
  if (question === undefined) return undefined;
  const answers: DnsAnswer[] = [];
  let { end: at } = question;
  for (let left = readU16(bytes, 6); left > 0; left--) {
    const name = nameAt(bytes, at);
    if (name === undefined || name.end + 10 > bytes.length) return undefined;
    const type = readU16(bytes, name.end);
    const dataAt = name.end + 10;
    at = dataAt + readU16(bytes, name.end + 8);
    if (at > bytes.length) return undefined;
    const isName = type === Type.PTR || type === Type.CNAME;
    const data = isName ? nameAt(bytes, dataAt)?.name : bytes.slice(dataAt, at);
    const ttl = readU32(bytes, name.end + 4);
    if (data !== undefined) answers.push({ name: name.name, type, ttl, data });
  }
  return { id: readU16(bytes, 0), code: flags & CODE_MASK, name: question.name, answers };
}

function questionAt(bytes: Uint8Array): { name: string; type: number; end: number } | undefined {
  const name = nameAt(bytes, HEADER_LENGTH);
  if (name === undefined || name.end + 4 > bytes.length) return undefined;
  if (readU16(bytes, name.end + 2) !== CLASS_IN) return undefined;
  return { name: name.name, type: readU16(bytes, name.end), end: name.end + 4 };
}

function nameAt(bytes: Uint8Array, start: number): { name: string; end: number } | undefined {
  const labels: string[] = [];
  let end = -1;
  let at = start;
  let pointers = 0;
  let length = 0;
  while (at < bytes.length) {
    const size = bytes[at]!;
    if (size === 0) return { name: labels.join('.').toLowerCase(), end: end < 0 ? at + 1 : end };
    if (size >= POINTER) {
      if (at + 1 >= bytes.length || ++pointers > MOST_POINTERS) return undefined;
      if (end < 0) end = at + 2;
      at = readU16(bytes, at) & 0x3fff;
      continue;
    }
    length += size + 1;
    if (size > MOST_LABEL_BYTES || length > MOST_NAME_BYTES || at + 1 + size > bytes.length) return undefined;
    labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + size)));
    at += 1 + size;
  }
  return undefined;
}

// ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether a text can be written as a name. */
export function isName(text: string): boolean {
  return text.length < MOST_NAME_BYTES && text.split('.').every((label) => /^[\w-]{1,63}$/.test(label));
}

export function query(id: number, name: string, type: number): Uint8Array {
  const message = new Uint8Array(HEADER_LENGTH + nameLength(name) + 4);
  writeU16(message, 0, id);
  writeU16(message, 2, FLAG_RECURSION_DESIRED);
  writeU16(message, 4, 1);
  writeQuestion(message, name, type);
  return message;
}

export function response(
  { id, recursionDesired, name, type }: DnsQuestion,
  code: number,
  answers: readonly DnsRecord[],
): Uint8Array {
  const sizes = answers.map(({ data }) => (typeof data === 'string' ? nameLength(data) : data.length));
  const questionEnd = HEADER_LENGTH + nameLength(name) + 4;
  const message = new Uint8Array(sizes.reduce((sum, size) => sum + 12 + size, questionEnd));
  writeU16(message, 0, id);
  const asked = recursionDesired ? FLAG_RECURSION_DESIRED : 0;
  writeU16(message, 2, FLAG_RESPONSE | FLAG_AUTHORITATIVE | FLAG_RECURSION_AVAILABLE | asked | code);
  writeU16(message, 4, 1);
  writeU16(message, 6, answers.length);
  writeQuestion(message, name, type);
  let at = questionEnd;
  answers.forEach(({ type: kind, ttl, data }, i) => {
    // The name is the question's.
    writeU16(message, at, (POINTER << 8) | HEADER_LENGTH);
    writeU16(message, at + 2, kind);
    writeU16(message, at + 4, CLASS_IN);
    writeU32(message, at + 6, ttl);
    writeU16(message, at + 10, sizes[i]!);
    if (typeof data === 'string') writeName(message, at + 12, data);
    else message.set(data, at + 12);
    at += 12 + sizes[i]!;
  });
  return message;
}

function writeQuestion(message: Uint8Array, name: string, type: number): void {
  const end = writeName(message, HEADER_LENGTH, name);
  writeU16(message, end, type);
  writeU16(message, end + 2, CLASS_IN);
}

function nameLength(name: string): number {
  return name === '' ? 1 : name.length + 2;
}

function writeName(message: Uint8Array, start: number, name: string): number {
  let at = start;
  for (const label of name === '' ? [] : name.split('.')) {
    message[at++] = label.length;
    for (const letter of label) message[at++] = letter.charCodeAt(0);
  }
  return at + 1;
}

/** `192.168.122.5` of `5.122.168.192.in-addr.arpa`; undefined for any other name. */
export function addressOfPointer(name: string): string | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/i.exec(name);
  return match === null ? undefined : `${match[4]}.${match[3]}.${match[2]}.${match[1]}`;
}
