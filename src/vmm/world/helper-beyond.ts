/** Which helper looks after a connection, asked beyond the gateway, where a packet no longer says what it belongs to. */
import type { Conntrack } from '../../netfilter/conntrack/conntrack.ts';
import { Tuple } from '../../netfilter/conntrack/tuple.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** The name of the helper that rules gave the packet's connection (`-j CT --helper ftp`); '' for none. */
export function helperBeyond(conntrack: Conntrack, pkt: PacketBuffer): string {
  // Whatever NAT made of the connection, this is how its answers will look.
  const answer = new Tuple();
  answer.family = pkt.family;
  answer.proto = pkt.proto;
  answer.src0 = pkt.dst0;
  answer.src1 = pkt.dst1;
  answer.src2 = pkt.dst2;
  answer.src3 = pkt.dst3;
  answer.dst0 = pkt.src0;
  answer.dst1 = pkt.src1;
  answer.dst2 = pkt.src2;
  answer.dst3 = pkt.src3;
  answer.srcId = pkt.dport;
  answer.dstId = pkt.sport;
  return conntrack.helperName(conntrack.find(answer));
}
