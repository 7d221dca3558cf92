/**
 * Later fragments have no ports: whether they are answers to a translated connection only their first fragment tells. So
 * the closed loop remembers the datagrams whose first fragment it re-addressed, the latest few of them, and gives their
 * other fragments the same addresses. One that overtook its first fragment stays as it is.
 */
import { readI32 } from '../wire/bytes.ts';
import { IPPROTO_FRAGMENT } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { Tuple } from '../netfilter/conntrack/tuple.ts';

const MOST_DATAGRAMS = 256;

class Datagram {
  readonly was = new Tuple();
  readonly becomes = new Tuple();
  id = 0;
}

export class FragmentMemory {
  private readonly datagrams: Datagram[] = [];
  private oldest = 0;

  /** Takes note of a first fragment, not yet rewritten, and the addresses that it is about to get. */
  remember(pkt: PacketBuffer, becomes: Tuple): void {
    let datagram: Datagram;
    if (this.datagrams.length < MOST_DATAGRAMS) {
      datagram = new Datagram();
      this.datagrams.push(datagram);
    } else {
      datagram = this.datagrams[this.oldest]!;
      this.oldest = (this.oldest + 1) % MOST_DATAGRAMS;
    }
    const { was } = datagram;
    datagram.id = identification(pkt);
    was.family = pkt.family;
    was.proto = pkt.proto;
    was.src0 = pkt.src0;
    was.src1 = pkt.src1;
    was.src2 = pkt.src2;
    was.src3 = pkt.src3;
    was.dst0 = pkt.dst0;
    was.dst1 = pkt.dst1;
    was.dst2 = pkt.dst2;
    was.dst3 = pkt.dst3;
    datagram.becomes.copy(becomes);
  }

  /** The addresses for a later fragment; null when nothing is known of its datagram. */
  find(pkt: PacketBuffer): Tuple | null {
    const { datagrams } = this;
    if (datagrams.length === 0) return null;
    const id = identification(pkt);
    // The latest first: identifications come round.
    for (let back = 1; back <= datagrams.length; back++) {
      const datagram = datagrams[(this.oldest + datagrams.length - back) % datagrams.length]!;
      if (datagram.id === id && isOf(pkt, datagram.was)) return datagram.becomes;
    }
    return null;
  }
}

function isOf(pkt: PacketBuffer, was: Tuple): boolean {
  return (
    pkt.src0 === was.src0 &&
    pkt.dst0 === was.dst0 &&
    pkt.src3 === was.src3 &&
    pkt.dst3 === was.dst3 &&
    pkt.src1 === was.src1 &&
    pkt.src2 === was.src2 &&
    pkt.dst1 === was.dst1 &&
    pkt.dst2 === was.dst2 &&
    pkt.proto === was.proto &&
    pkt.family === was.family
  );
}

function identification({ bytes, family, l3, l3End }: PacketBuffer): number {
  if (family === 4) return ipv4.id(bytes, l3);
  const at = ipv6ext.findHeader(bytes, l3, l3End, IPPROTO_FRAGMENT);
  return at < 0 ? 0 : readI32(bytes, at + 4);
}
