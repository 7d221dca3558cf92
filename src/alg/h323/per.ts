/**
 * The aligned variant of the Packed Encoding Rules (X.691), as far as H.225.0 and H.245 need it: types are functions that
 * read a value, put together from those of their parts. What is read keeps where its octets stand, so that they can be
 * rewritten. Nothing is read past the end, nested deeper than MAX_DEPTH, or extended by more than MAX_EXTENSIONS.
 */

const MAX_EXTENSIONS = 32;
const MAX_DEPTH = 24;

/** Octets in the message: where they begin, and how many. */
export class Octets {
  readonly at: number;
  readonly length: number;

  constructor(at: number, length: number) {
    this.at = at;
    this.length = length;
  }
}

export type PerValue = number | boolean | null | Octets | PerValue[] | { [name: string]: PerValue };
export type PerType = (reader: PerReader) => PerValue;

/** No such value, or longer than the message. */
export class PerError extends Error {}
/** A part that is not described here: what came before it counts. */
export class PerStop extends Error {}

export class PerReader {
  private readonly bytes: Uint8Array;
  /** In bits. */
  private at: number;
  private end: number;
  private depth = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start * 8;
    this.end = end * 8;
  }

  bits(count: number): number {
    if (this.at + count > this.end) throw new PerError('out of bound');
    let value = 0;
    for (let i = 0; i < count; i++, this.at++) {
      value = value * 2 + ((this.bytes[this.at >> 3]! >> (7 - (this.at & 7))) & 1);
    }
    return value;
  }

  align(): void {
    this.at = (this.at + 7) & ~7;
  }

  octets(count: number): Octets {
    this.align();
    if (this.at + count * 8 > this.end) throw new PerError('out of bound');
    const octets = new Octets(this.at >> 3, count);
    this.at += count * 8;
    return octets;
  }

  /** A length that nothing limits (X.691 11.9); those of 16K and more come in pieces, which are not read. */
  length(): number {
    this.align();
    const first = this.bits(8);
    if (first < 0x80) return first;
    if (first >= 0xc0) throw new PerError('out of range');
    return (first - 0x80) * 256 + this.bits(8);
  }

  /** What is read ends behind so many octets, and goes on there whatever is read of it. */
  within<T>(length: number, read: () => T): T {
    const { at } = this.octets(length);
    const { end } = this;
    const next = this.at;
    this.at = at * 8;
    this.end = next;
    try {
      if (++this.depth > MAX_DEPTH) throw new PerError('out of range');
      return read();
    } finally {
      this.depth--;
      this.end = end;
      this.at = next;
    }
  }
}

/** The value that the octets hold, as far as it is described; null for none. */
export function decode(type: PerType, bytes: Uint8Array, start: number, end: number): PerValue {
  try {
    return type(new PerReader(bytes, start, end));
  } catch (error) {
    if (error instanceof PerError) return null;
    if (error instanceof Partial) return error.value;
    throw error;
  }
}

// ── Simple types ────────────────────────────────────────────────────────────────────────────────────────────────────

export const nothing: PerType = () => null;
export const boolean: PerType = (reader) => reader.bits(1) === 1;
/** A part that is passed over without being described: only in an extension, which says how long it is. */
export const skipped: PerType = () => null;
export const undescribed: PerType = () => {
  throw new PerStop();
};

export function integer(low: number, high: number): PerType {
  const range = high - low + 1;
  if (range < 256) return (reader) => low + reader.bits(bitsFor(range));
  const most = Math.ceil(Math.log2(range) / 8);
  if (most <= 2) {
    return (reader) => {
      reader.align();
      return low + reader.bits(most * 8);
    };
  }
  return (reader) => {
    const length = reader.bits(bitsFor(most)) + 1;
    reader.align();
    return low + reader.bits(length * 8);
  };
}

/** Of a fixed size above two, which begin at an octet. */
export function octets(size: number): PerType {
  return (reader) => reader.octets(size);
}

export const anyOctets: PerType = (reader) => reader.octets(reader.length());
export const objectIdentifier = anyOctets;

/** Of low to high units of so many bits each. */
export function text(low: number, high: number, bits = 8): PerType {
  const length = integer(low, high);
  return (reader) => reader.octets(Math.ceil((Number(length(reader)) * bits) / 8));
}

// ── Put together ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Optional {
  readonly optional: PerType;
}

type Fields = Readonly<Record<string, PerType | Optional>>;

export function optional(type: PerType): Optional {
  return { optional: type };
}

/** `extensions`, where there may be some: in order, those that are described. */
export function sequence(root: Fields, extensions?: Readonly<Record<string, PerType>>): PerType {
  const fields = Object.entries(root);
  const extra = Object.entries(extensions ?? {});
  return (reader) => {
    const isExtended = extensions !== undefined && reader.bits(1) === 1;
    const present = fields.map(([, type]) => typeof type === 'function' || reader.bits(1) === 1);
    const value: { [name: string]: PerValue } = {};
    return whileDescribed(value, () => {
      fields.forEach(([name, type], i) => {
        if (present[i]) put(value, name, typeof type === 'function' ? type : type.optional, reader);
      });
      if (isExtended) readExtensions(reader, extra, value);
    });
  };
}

function readExtensions(
  reader: PerReader,
  extra: readonly (readonly [string, PerType])[],
  value: { [name: string]: PerValue },
): void {
  const count = smallNumber(reader) + 1;
  if (count > MAX_EXTENSIONS) throw new PerError('out of range');
  const present = Array.from({ length: count }, () => reader.bits(1) === 1);
  present.forEach((isPresent, i) => {
    if (!isPresent) return;
    const [name, type] = extra[i] ?? ['', skipped];
    reader.within(reader.length(), () => put(value, name, type, reader));
  });
}

/** Alternatives in order; the value has the name of the one chosen. */
export function choice(root: Fields, extensions?: Readonly<Record<string, PerType>>): PerType {
  const alternatives = Object.entries(root) as [string, PerType][];
  const extra = Object.entries(extensions ?? {});
  return (reader) => {
    const value: { [name: string]: PerValue } = {};
    return whileDescribed(value, () => {
      if (extensions !== undefined && reader.bits(1) === 1) {
        const [name, type] = extra[smallNumber(reader)] ?? ['', skipped];
        reader.within(reader.length(), () => put(value, name, type, reader));
        return;
      }
      const index = reader.bits(bitsFor(alternatives.length));
      const alternative = alternatives[index];
      if (alternative === undefined) throw new PerError('out of range');
      put(value, alternative[0], alternative[1], reader);
    });
  };
}

export function sequenceOf(type: PerType, low = 0, high = Infinity): PerType {
  const size = high === Infinity ? null : integer(low, high);
  return (reader) => {
    const count = size === null ? reader.length() : Number(size(reader));
    const items: PerValue[] = [];
    for (let i = 0; i < count; i++) {
      try {
        items.push(type(reader));
      } catch (error) {
        if (!(error instanceof Partial)) throw error;
        items.push(error.value);
        throw new Partial(items);
      }
    }
    return items;
  };
}

/** Octets that hold a value of their own. */
export function containing(type: PerType): PerType {
  return (reader) => reader.within(reader.length(), () => type(reader));
}

/** What was read before something undescribed came stays, and nothing after it is read. */
class Partial extends PerStop {
  readonly value: PerValue;

  constructor(value: PerValue) {
    super();
    this.value = value;
  }
}

function whileDescribed(value: { [name: string]: PerValue }, read: () => void): PerValue {
  try {
    read();
  } catch (error) {
    if (error instanceof PerStop) throw new Partial(value);
    throw error;
  }
  return value;
}

function put(value: { [name: string]: PerValue }, name: string, type: PerType, reader: PerReader): void {
  try {
    value[name] = type(reader);
  } catch (error) {
    if (error instanceof Partial) value[name] = error.value;
    throw error;
  }
}

function smallNumber(reader: PerReader): number {
  if (reader.bits(1) === 1) throw new PerError('out of range');
  return reader.bits(6);
}

function bitsFor(range: number): number {
  return Math.ceil(Math.log2(range));
}
