/**
 * What arrives in packets of others: the tunnels of a host, asked for each packet of a tunnel's protocol or port before
 * anybody else is (Linux: ip_tunnel_lookup, vxlan_rcv). The most specific tunnel takes it.
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

export interface TunnelEnd {
  readonly protocol: number;
  /** UDP port that it listens on; 0 for tunnels over IP itself. */
  readonly port: number;
  /** 0 when the packet is not for it, else the more the more it says of the packet. */
  claims(pkt: PacketBuffer): number;
  receive(pkt: PacketBuffer): void;
}

export class Tunnels {
  private readonly ends: TunnelEnd[] = [];

  add(end: TunnelEnd): void {
    this.ends.push(end);
  }

  remove(end: TunnelEnd): void {
    const at = this.ends.indexOf(end);
    if (at >= 0) this.ends.splice(at, 1);
  }

  /** True when a tunnel took the packet, whose outer header has been checked. */
  receive(pkt: PacketBuffer): boolean {
    if (this.ends.length === 0) return false;
    let best: TunnelEnd | undefined;
    let most = 0;
    for (const end of this.ends) {
      if (end.protocol !== pkt.proto || (end.port !== 0 && end.port !== pkt.dport)) continue;
      const points = end.claims(pkt);
      if (points > most) [best, most] = [end, points];
    }
    best?.receive(pkt);
    return best !== undefined;
  }
}
