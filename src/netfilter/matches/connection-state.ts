/**
 * The connection state as `conntrack` and `state` see it: one bit a state, several in a rule's mask.
 */
import type { MatchTest } from '../extension.ts';
import { CtInfo } from '../conntrack/ct-info.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

export const StateBit = {
  INVALID: 1,
  ESTABLISHED: 2,
  RELATED: 4,
  NEW: 8,
  SNAT: 16,
  DNAT: 32,
  UNTRACKED: 64,
} as const;

/** In the order in which iptables prints them. */
export const STATE_NAMES = [
  ['INVALID', StateBit.INVALID],
  ['NEW', StateBit.NEW],
  ['RELATED', StateBit.RELATED],
  ['ESTABLISHED', StateBit.ESTABLISHED],
  ['UNTRACKED', StateBit.UNTRACKED],
] as const;

/** The packet's state; a template of `-j CT` (raw table) counts as NEW, since that is what the target says. */
export function stateBit(pkt: PacketBuffer): number {
  const info = pkt.ctInfo;
  if (pkt.ct === 0) return info === CtInfo.UNTRACKED ? StateBit.UNTRACKED : StateBit.INVALID;
  // ESTABLISHED, RELATED, NEW are 0, 1, 2; in the reply direction 3, 4.
  return StateBit.ESTABLISHED << (info >= CtInfo.IS_REPLY ? info - CtInfo.IS_REPLY : info);
}

/** What nearly every stateful ruleset begins with, so it reads two fields and no more. */
export class StateTest implements MatchTest {
  readonly isSteady = true;
  private readonly mask: number;
  private readonly not: boolean;

  constructor(mask: number, not: boolean) {
    this.mask = mask;
    this.not = not;
  }

  test(pkt: PacketBuffer): boolean {
    return ((this.mask & stateBit(pkt)) !== 0) !== this.not;
  }
}
