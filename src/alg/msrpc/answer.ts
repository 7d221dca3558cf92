/** The answer to a call, put together from the stubs of its fragments; what is written into it is written where it stands. */
import { RESPONSE_STUB, type Pdu } from './pdu.ts';

export class Answer {
  /** Bytes of stub. */
  length = 0;
  private readonly fragments: Pdu[] = [];

  add(pdu: Pdu): void {
    this.fragments.push(pdu);
    this.length += stubOf(pdu).length;
  }

  /** A copy of all of it. */
  get stub(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const fragment of this.fragments) {
      const part = stubOf(fragment);
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** Big-endian, as addresses and ports are; a number may stand in two fragments. */
  writeU16(at: number, value: number): void {
    this.writeByte(at, value >>> 8);
    this.writeByte(at + 1, value);
  }

  writeU32(at: number, value: number): void {
    this.writeU16(at, value >>> 16);
    this.writeU16(at + 2, value);
  }

  private writeByte(at: number, value: number): void {
    let left = at;
    for (const fragment of this.fragments) {
      const part = stubOf(fragment);
      if (left < part.length) {
        part[left] = value;
        return;
      }
      left -= part.length;
    }
  }
}

function stubOf({ bytes, end }: Pdu): Uint8Array {
  return bytes.subarray(RESPONSE_STUB, end);
}
