/**
 * What `icmp` and `icmp6` share: the test of type and code, and how -L shows it. Linux: ip_tables.c, ip6_tables.c.
 * Later fragments don't match; a header cut short drops the packet (hotdrop).
 */
import type { Given, MatchTest } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import type { IcmpType } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

export class IcmpTypeTest implements MatchTest {
  private readonly type: number;
  private readonly lowCode: number;
  private readonly highCode: number;
  private readonly not: boolean;
  private readonly any: boolean;

  /** `anyType`: the type that stands for all types whatever the codes; -1 for none. */
  constructor(given: Given<IcmpType>, anyType: number) {
    this.type = given.value.type;
    this.lowCode = given.value.lowCode;
    this.highCode = given.value.highCode;
    this.not = given.not;
    this.any = given.value.type === anyType;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.fragOffset !== 0) return false;
    if (pkt.l4Ok === 0) {
      at.hotdrop = true;
      return false;
    }
    if (this.any) return !this.not;
    const code = pkt.bytes[pkt.l4 + 1]!;
    const matches = pkt.bytes[pkt.l4] === this.type && code >= this.lowCode && code <= this.highCode;
    return matches !== this.not;
  }
}

/** `icmp echo-request`, `icmp !type 8 code 1`. */
export function listIcmpType(
  protocol: string,
  given: Given<IcmpType>,
  names: readonly (readonly [name: string, type: number, code?: number])[],
  numeric: boolean,
): string {
  const { type, lowCode, highCode } = given.value;
  const named = names.find(
    ([, nameType, code]) => nameType === type && (code ?? 0) === lowCode && (code ?? 255) === highCode,
  );
  if (named !== undefined && !numeric) return `${protocol} ${given.not ? '!' : ''}${named[0]}`;
  const codes = lowCode === 0 && highCode === 255 ? '' : ` code ${lowCode}`;
  return `${protocol}${given.not ? ' !' : ''}type ${type}${codes}`;
}
