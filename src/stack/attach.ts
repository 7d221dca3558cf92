/**
 * An answer of the host's own (a reset, an ICMP error) goes with the connection of the packet that it answers, the other
 * way (Linux: nf_ct_attach): tracking does not look at it again, and address translation treats it as related.
 */
import { CtInfo, directionOf } from '../netfilter/conntrack/ct-info.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';

export function attachTo(answer: PacketBuffer, cause: PacketBuffer): void {
  // The answer to an untracked packet is tracked; all that it inherits is that CT no longer has a say in it.
  if (cause.ct === 0 && cause.ctInfo === CtInfo.UNTRACKED) answer.ctInfo = CtInfo.RELATED;
  if (cause.ct <= 0) return;
  answer.ct = cause.ct;
  answer.ctInfo = directionOf(cause.ctInfo) === 0 ? CtInfo.RELATED_REPLY : CtInfo.RELATED;
}
