/**
 * Captures built field by field, independently of the writers under test, in either byte order.
 */
import { CaptureError, CaptureReader, MemorySource } from '../../src/capture/index.ts';

export class ByteBuilder {
  private readonly data: number[] = [];
  private readonly littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian;
  }

  u8(value: number): this {
    this.data.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.littleEndian ? this.u8(value).u8(value >>> 8) : this.u8(value >>> 8).u8(value);
  }

  u32(value: number): this {
    const [first, second] = this.littleEndian ? [value, value >>> 16] : [value >>> 16, value];
    return this.u16(first & 0xffff).u16(second & 0xffff);
  }

  u64(value: bigint): this {
    const high = Number((value >> 32n) & 0xffff_ffffn);
    const low = Number(value & 0xffff_ffffn);
    return this.littleEndian ? this.u32(low).u32(high) : this.u32(high).u32(low);
  }

  raw(bytes: Iterable<number>): this {
    this.data.push(...bytes);
    return this;
  }

  pad4(): this {
    while (this.data.length % 4 !== 0) this.data.push(0);
    return this;
  }

  get length(): number {
    return this.data.length;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.data);
  }
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export interface PcapRecordSpec {
  seconds: number;
  fraction: number;
  data: Uint8Array;
  original?: number;
}

export interface PcapSpec {
  littleEndian?: boolean;
  magic?: number;
  version?: readonly [number, number];
  snapLength?: number;
  linkWord?: number;
  records: readonly PcapRecordSpec[];
}

export const PCAP_HEADER_BYTES = 24;
export const PCAP_RECORD_BYTES = 16;

export function pcap(spec: PcapSpec): Uint8Array {
  const out = new ByteBuilder(spec.littleEndian ?? true);
  const [major, minor] = spec.version ?? [2, 4];
  out
    .u32(spec.magic ?? 0xa1b2c3d4)
    .u16(major)
    .u16(minor)
    .u32(0)
    .u32(0);
  out.u32(spec.snapLength ?? 65535).u32(spec.linkWord ?? 1);
  for (const record of spec.records) {
    out.u32(record.seconds).u32(record.fraction).u32(record.data.length);
    out.u32(record.original ?? record.data.length).raw(record.data);
  }
  return out.done();
}

export interface Option {
  code: number;
  value: Uint8Array;
}

export function textOption(code: number, text: string): Option {
  return { code, value: new TextEncoder().encode(text) };
}

/** The blocks of pcapng in one byte order. */
export class Blocks {
  readonly littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian;
  }

  bytes(): ByteBuilder {
    return new ByteBuilder(this.littleEndian);
  }

  block(type: number, body: Uint8Array): Uint8Array {
    const length = 12 + Math.ceil(body.length / 4) * 4;
    return this.bytes().u32(type).u32(length).raw(body).pad4().u32(length).done();
  }

  options(options: readonly Option[]): Uint8Array {
    if (options.length === 0) return new Uint8Array(0);
    const out = this.bytes();
    for (const option of options) out.u16(option.code).u16(option.value.length).raw(option.value).pad4();
    return out.u16(0).u16(0).done();
  }

  section(options: readonly Option[] = []): Uint8Array {
    const body = this.bytes().u32(0x1a2b3c4d).u16(1).u16(0).u64(0xffff_ffff_ffff_ffffn);
    return this.block(0x0a0d0d0a, body.raw(this.options(options)).done());
  }

  interface(linkType = 1, options: readonly Option[] = [], snapLength = 0): Uint8Array {
    return this.block(1, this.bytes().u16(linkType).u16(0).u32(snapLength).raw(this.options(options)).done());
  }

  enhanced(
    id: number,
    ticks: bigint,
    data: Uint8Array,
    options: readonly Option[] = [],
    original = data.length,
  ): Uint8Array {
    const body = this.bytes()
      .u32(id)
      .u32(Number(ticks >> 32n))
      .u32(Number(ticks & 0xffff_ffffn));
    body.u32(data.length).u32(original).raw(data).pad4();
    return this.block(6, body.raw(this.options(options)).done());
  }

  obsolete(id: number, ticks: bigint, data: Uint8Array, options: readonly Option[] = []): Uint8Array {
    const body = this.bytes()
      .u16(id)
      .u16(7)
      .u32(Number(ticks >> 32n))
      .u32(Number(ticks & 0xffff_ffffn));
    body.u32(data.length).u32(data.length).raw(data).pad4();
    return this.block(2, body.raw(this.options(options)).done());
  }

  simple(data: Uint8Array, original = data.length): Uint8Array {
    return this.block(3, this.bytes().u32(original).raw(data).done());
  }

  u8Option(code: number, value: number): Option {
    return { code, value: Uint8Array.of(value) };
  }

  u32Option(code: number, value: number): Option {
    return { code, value: this.bytes().u32(value).done() };
  }

  i64Option(code: number, value: bigint): Option {
    return { code, value: this.bytes().u64(BigInt.asUintN(64, value)).done() };
  }
}

/** `length` bytes that tell where they came from. */
export function payload(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7) & 0xff);
}

export interface ReadRecord {
  number: number;
  offset: number;
  seconds: number;
  nanoseconds: number;
  timeUs: number;
  hasTime: boolean;
  data: Uint8Array;
  originalLength: number;
  linkType: number;
  interfaceId: number;
  flags: number;
  comment: string | null;
}

export interface ReadResult {
  records: ReadRecord[];
  interfaces: string[];
  truncated: string | null;
  warning: string | null;
  /** What was thrown, after the records in front of it. */
  error: CaptureError | null;
}

/** Reads all that can be read and copies it. Anything but a CaptureError passes through and fails the test. */
export function readAll(bytes: Uint8Array, name = 'test.pcap'): ReadResult {
  return readSource(() => CaptureReader.from(new MemorySource(bytes, name)));
}

export function readSource(open: () => CaptureReader): ReadResult {
  const result: ReadResult = { records: [], interfaces: [], truncated: null, warning: null, error: null };
  try {
    const reader = open();
    try {
      while (reader.next()) result.records.push(copyRecord(reader));
      // An ended reader stays ended.
      if (reader.next()) throw new Error('a record after the end');
      result.truncated = reader.truncated?.describe() ?? null;
    } finally {
      result.warning = reader.warning?.describe() ?? null;
      result.interfaces = reader.interfaces.map((one) => one.name);
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    result.error = error;
  }
  return result;
}

function copyRecord(reader: CaptureReader): ReadRecord {
  const { number, offset, seconds, nanoseconds, timeUs, hasTime, originalLength } = reader.record;
  const { linkType, interfaceId, flags, comment, bytes, start, end } = reader.record;
  const data = bytes.slice(start, end);
  return {
    ...{ number, offset, seconds, nanoseconds, timeUs, hasTime, data, originalLength },
    ...{ linkType, interfaceId, flags, comment },
  };
}
