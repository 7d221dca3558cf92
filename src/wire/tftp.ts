/** TFTP messages (RFC 1350, options RFC 2347): requests are read, what a server says is written. */
import { readU16, writeU16 } from './bytes.ts';

export const SERVER_PORT = 69;

export const Opcode = { READ: 1, WRITE: 2, DATA: 3, ACK: 4, ERROR: 5, OPTIONS: 6 } as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

export const ErrorCode = { NOT_FOUND: 1, ACCESS: 2, ILLEGAL: 4, OPTIONS: 8 } as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export const HEADER_LENGTH = 4;
/** A name, a mode and a handful of options; more is no request. */
const MAX_REQUEST = 1024;

export interface TftpRequest {
  readonly opcode: number;
  readonly file: string;
  /** In small letters. */
  readonly mode: string;
  /** By name, in small letters. */
  readonly options: ReadonlyMap<string, string>;
}

/** Undefined for what is no request to read or write. */
export function parseRequest(bytes: Uint8Array): TftpRequest | undefined {
  if (bytes.length < HEADER_LENGTH || bytes.length > MAX_REQUEST || bytes.at(-1) !== 0) return undefined;
  const opcode = readU16(bytes, 0);
  if (opcode !== Opcode.READ && opcode !== Opcode.WRITE) return undefined;
  const [file, mode, ...rest] = textOf(bytes.subarray(2, -1)).split('\0');
  if (file === undefined || mode === undefined || file === '' || rest.length % 2 !== 0) return undefined;
  const options = new Map<string, string>();
  for (let i = 0; i < rest.length; i += 2) options.set(rest[i]!.toLowerCase(), rest[i + 1]!);
  return { opcode, file, mode: mode.toLowerCase(), options };
}

/** The number of the block that is acknowledged; undefined for all but acknowledgements. */
export function parseAck(bytes: Uint8Array): number | undefined {
  return bytes.length >= HEADER_LENGTH && readU16(bytes, 0) === Opcode.ACK ? readU16(bytes, 2) : undefined;
}

/** A block, whose bytes come behind the header. */
export function data(block: number, length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + length);
  writeU16(bytes, 0, Opcode.DATA);
  writeU16(bytes, 2, block);
  return bytes;
}

export function optionsAcknowledged(options: ReadonlyMap<string, string>): Uint8Array {
  const texts = [...options].map(([name, value]) => `${name}\0${value}\0`);
  return withHeader(Opcode.OPTIONS, null, texts.join(''));
}

export function error(code: ErrorCode, message: string): Uint8Array {
  return withHeader(Opcode.ERROR, code, `${message}\0`);
}

function withHeader(opcode: number, code: number | null, text: string): Uint8Array {
  const start = code === null ? 2 : HEADER_LENGTH;
  const bytes = new Uint8Array(start + text.length);
  writeU16(bytes, 0, opcode);
  if (code !== null) writeU16(bytes, 2, code);
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  return bytes;
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
