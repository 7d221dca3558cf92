/**
 * Answers that the host's rules gave (REJECT) while a capture of this very host is replayed. Where the same rules were in
 * force when it was taken, the answer is in the capture a second time: it must not pass OUTPUT twice. This remembers
 * what left last, and recognises it.
 */
import type { Device, FrameSink } from '../../stack/device.ts';
import { dissectEthernet } from '../../wire/dissect.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { PacketBuffer, sameAddresses } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';

/** Answers kept; the captured one follows its cause closely. */
const MOST_KEPT = 64;
/** What identifies an ICMP error: type, code, and the addresses and ports that it quotes. */
const ICMP_HEADER = 8;

export class OwnAnswers implements FrameSink {
  private readonly next: FrameSink;
  private kept: PacketBuffer[] = [];
  /** True while a frame that arrived is on its way: whatever leaves then is an answer. */
  listening = false;

  constructor(next: FrameSink) {
    this.next = next;
  }

  frame(device: Device, bytes: Uint8Array, start: number, end: number, cause: number): void {
    if (this.listening) this.keep(bytes.slice(start, end), cause);
    this.next.frame(device, bytes, start, end, cause);
  }

  /** Number of the frame that this packet of the host's own answers, if the answer has left already; else 0. */
  take(pkt: PacketBuffer): number {
    if (this.kept.length === 0 || !isAnswer(pkt)) return 0;
    const at = this.kept.findIndex((answer) => isSameAnswer(answer, pkt));
    return at < 0 ? 0 : this.kept.splice(at, 1)[0]!.cause;
  }

  private keep(frame: Uint8Array, cause: number): void {
    const answer = new PacketBuffer(frame);
    dissectEthernet(answer);
    answer.cause = cause;
    if (!isAnswer(answer)) return;
    if (this.kept.length === MOST_KEPT) this.kept.shift();
    this.kept.push(answer);
  }
}

function isAnswer(pkt: PacketBuffer): boolean {
  if (pkt.l4Ok === 0 || pkt.fragOffset !== 0) return false;
  switch (pkt.proto) {
    case IPPROTO_TCP:
      return (tcp.flags(pkt.bytes, pkt.l4) & tcp.RST) !== 0;
    case IPPROTO_ICMP:
      return icmp.isError(icmp.type(pkt.bytes, pkt.l4));
    case IPPROTO_ICMPV6:
      return icmpv6.isError(icmpv6.type(pkt.bytes, pkt.l4));
    default:
      return false;
  }
}

/** Identification, lifetime and how much is quoted may differ. */
function isSameAnswer(a: PacketBuffer, b: PacketBuffer): boolean {
  if (a.proto !== b.proto || !sameAddresses(a, b)) return false;
  if (a.proto === IPPROTO_TCP) {
    return (
      a.sport === b.sport &&
      a.dport === b.dport &&
      tcp.seq(a.bytes, a.l4) === tcp.seq(b.bytes, b.l4) &&
      tcp.ack(a.bytes, a.l4) === tcp.ack(b.bytes, b.l4)
    );
  }
  if (a.bytes[a.l4] !== b.bytes[b.l4] || a.bytes[a.l4 + 1] !== b.bytes[b.l4 + 1]) return false;
  const quoted = Math.min(a.l3End - a.l4, b.l3End - b.l4);
  for (let i = ICMP_HEADER; i < quoted; i++) if (a.bytes[a.l4 + i] !== b.bytes[b.l4 + i]) return false;
  return true;
}
