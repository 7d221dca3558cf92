/**
 * What `ah` (IPv4), `esp` and `ipcomp` share: a security parameters index in a header that follows the IP header.
 * Later fragments don't match; a header that is not all there drops the packet (hotdrop).
 */
import type { Given, MatchTest } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import type { Range } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { ALL_NUMBERS, isIn } from './u32-range.ts';

/** Where the index stands in the header, and how to read it. */
export interface SpiField {
  readonly headerLength: number;
  spi(bytes: Uint8Array, header: number): number;
}

export class SpiTest implements MatchTest {
  private readonly field: SpiField;
  private readonly spis: Range;
  private readonly not: boolean;

  constructor(field: SpiField, given: Given<Range> | undefined) {
    this.field = field;
    this.spis = given?.value ?? ALL_NUMBERS;
    this.not = given?.not ?? false;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.fragOffset !== 0) return false;
    if (pkt.l4 + this.field.headerLength > pkt.l3End) {
      at.hotdrop = true;
      return false;
    }
    return isIn(this.field.spi(pkt.bytes, pkt.l4) >>> 0, this.spis) !== this.not;
  }
}
