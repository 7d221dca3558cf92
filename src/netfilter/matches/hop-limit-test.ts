/**
 * What `ttl` (IPv4) and `hl` (IPv6) share: one byte of the IP header compared with a number, in one of four ways.
 */
import type { Given, MatchTest } from '../extension.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** What the options `--ttl-eq`, `--ttl-lt`, `--ttl-gt` (`--hl-…`) of a rule say; exactly one is there. */
export interface HopLimitInfo {
  readonly eq?: Given<number>;
  readonly lt?: Given<number>;
  readonly gt?: Given<number>;
}

export class HopLimitTest implements MatchTest {
  /** Of the byte within the header. */
  private readonly offset: number;
  private readonly low: number;
  private readonly high: number;
  private readonly not: boolean;

  constructor(info: HopLimitInfo, offset: number) {
    this.offset = offset;
    this.low = info.eq?.value ?? (info.gt === undefined ? 0 : info.gt.value + 1);
    this.high = info.eq?.value ?? (info.lt === undefined ? 255 : info.lt.value - 1);
    this.not = info.eq?.not ?? false;
  }

  test(pkt: PacketBuffer): boolean {
    const value = pkt.bytes[pkt.l3 + this.offset]!;
    return (value >= this.low && value <= this.high) !== this.not;
  }
}

/** `TTL match TTL != 5`. */
export function listHopLimit(field: string, { eq, lt, gt }: HopLimitInfo): string {
  const says =
    eq !== undefined
      ? `${eq.not ? '!=' : '=='} ${eq.value}`
      : lt !== undefined
        ? `< ${lt.value}`
        : `> ${gt?.value ?? 0}`;
  return `${field} match ${field} ${says}`;
}
