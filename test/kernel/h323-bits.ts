/** What messages of H.323 are made of, encoded by hand: the aligned variant of PER (X.691), addresses, what many have in common. */
import { address, u16 } from '../../src/conform/frames.ts';

export class Bits {
  private readonly bytes: number[] = [];
  private used = 0;

  put(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) {
      if (this.used % 8 === 0) this.bytes.push(0);
      const bit = Math.floor(value / 2 ** i) % 2;
      this.bytes[this.bytes.length - 1]! |= bit << (7 - (this.used % 8));
      this.used++;
    }
    return this;
  }

  align(): this {
    this.used = this.bytes.length * 8;
    return this;
  }

  octets(octets: readonly number[]): this {
    this.align();
    for (const octet of octets) this.put(octet, 8);
    return this;
  }

  /** Octets with their length in front. */
  sized(octets: readonly number[]): this {
    this.align();
    if (octets.length < 0x80) this.put(octets.length, 8);
    else this.put(0x8000 + octets.length, 16);
    return this.octets(octets);
  }

  /** Extensions: which there are, and each as octets of its own. */
  extensions(parts: readonly (readonly number[] | null)[]): this {
    this.put(0, 1).put(parts.length - 1, 6);
    for (const part of parts) this.put(part === null ? 0 : 1, 1);
    for (const part of parts) if (part !== null) this.sized(part);
    return this;
  }

  with(write: (bits: this) => unknown): this {
    write(this);
    return this;
  }

  get done(): number[] {
    return [...this.bytes];
  }
}

export interface Transport {
  readonly ip: string;
  readonly port: number;
}

export type Write = (bits: Bits) => unknown;
export const PROTOCOL = [0x00, 0x08, 0x91, 0x4a, 0x00, 0x04];
export const GUID = Array.from({ length: 16 }, (_, i) => i);

/** TransportAddress of H.225.0. */
export function h225({ ip, port }: Transport): Write {
  const octets = address(ip);
  return (bits) => {
    bits.put(0, 1).put(octets.length === 4 ? 0 : 3, 3);
    if (octets.length !== 4) bits.put(0, 1);
    bits.octets(octets).octets(u16(port));
  };
}

/** TransportAddress of H.245. */
export function h245({ ip, port }: Transport): Write {
  const octets = address(ip);
  return (bits) => {
    bits
      .put(0, 2)
      .put(0, 1)
      .put(octets.length === 4 ? 0 : 2, 3)
      .put(0, 1);
    bits.octets(octets).octets(u16(port));
  };
}

export function alone(write: Write): number[] {
  return new Bits().with(write).done;
}

export const endpoint: Write = (bits) => bits.put(0, 1).put(0b000001, 6).put(0, 2).put(0, 2);
