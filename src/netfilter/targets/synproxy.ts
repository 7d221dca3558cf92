/**
 * `-j SYNPROXY`: completes TCP handshakes in place of the server, with cookies. Linux: ipt_SYNPROXY, ip6t_SYNPROXY. The usual
 * recipe keeps SYNs from being tracked (`-j CT --notrack`), sets net.netfilter.nf_conntrack_tcp_loose to 0, and sends what is
 * UNTRACKED or INVALID here. What happens then is told in src/netfilter/synproxy.
 */
import { defineTarget, type InfoOf, type TargetAction } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook } from '../hook.ts';
import { ClientLeg } from '../synproxy/client-leg.ts';
import { Offer } from '../synproxy/handshake-options.ts';
import { PROXIED } from '../synproxy/server-syn.ts';
import { flag, uint } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { fold, transportSum } from '../../wire/checksum.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { ChecksumState, type PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';

const HANDSHAKE = tcp.SYN | tcp.ACK | tcp.FIN | tcp.RST;

class SynproxyAction implements TargetAction {
  /** Null on a host that sends nothing of its own. */
  private readonly client: ClientLeg | null;

  constructor(client: ClientLeg | null) {
    this.client = client;
  }

  run(pkt: PacketBuffer): number {
    if (pkt.checksumState !== ChecksumState.GOOD && fold(transportSum(pkt)) !== 0xffff) {
      return refuse(pkt, DropReason.TRANSPORT_CHECKSUM);
    }
    const { client } = this;
    if (pkt.l4Ok === 0 || client?.read(pkt) === false) return refuse(pkt, DropReason.TRANSPORT_HEADER);
    const flags = tcp.flags(pkt.bytes, pkt.l4) & HANDSHAKE;
    if (flags === tcp.SYN) {
      client?.answerSyn(pkt);
    } else if (flags === tcp.ACK) {
      if (client?.takeAck(pkt) === false) return refuse(pkt, DropReason.SYNPROXY_COOKIE);
    } else {
      return Verdict.CONTINUE;
    }
    return refuse(pkt, DropReason.SYNPROXY);
  }
}

/** The packet ends here: Linux frees what it answered, and drops what it did not. */
function refuse(pkt: PacketBuffer, reason: number): number {
  pkt.dropReason = reason;
  return Verdict.DROP;
}

/** Numbers that iptables keeps only the low bits of. */
const lowBits = (bits: number) => {
  const any = uint(0, 0xffff_ffff);
  return { ...any, parse: (...args: Parameters<typeof any.parse>) => any.parse(...args) % 2 ** bits };
};

const options = {
  sack: { value: flag, name: 'sack-perm', about: 'clients may use selective acknowledgements' },
  timestamp: { value: flag, about: 'clients may use timestamps' },
  wscale: { value: lowBits(8), about: "the server's window scale" },
  mss: { value: lowBits(16), about: "the server's maximum segment size" },
  ecn: { value: flag, about: 'clients may use explicit congestion notification' },
} as const;

function list(info: InfoOf<typeof options>): string {
  return [
    'SYNPROXY',
    ...(info.sack === undefined ? [] : ['sack-perm']),
    ...(info.timestamp === undefined ? [] : ['timestamp']),
    ...(info.wscale === undefined ? [] : [`wscale ${info.wscale.value}`]),
    ...(info.mss === undefined ? [] : [`mss ${info.mss.value}`]),
    ...(info.ecn === undefined ? [] : ['ecn']),
    '',
  ].join(' ');
}

function offersOf(info: InfoOf<typeof options>): number {
  return (
    (info.mss === undefined ? 0 : Offer.MSS) |
    (info.wscale === undefined ? 0 : Offer.WINDOW_SCALE) |
    (info.sack === undefined ? 0 : Offer.SACK) |
    (info.timestamp === undefined ? 0 : Offer.TIMESTAMP) |
    (info.ecn === undefined ? 0 : Offer.ECN)
  );
}

export const synproxy = defineTarget({
  name: 'SYNPROXY',
  about: 'completes handshakes for the server, so that it sees no flood of SYNs',
  protocols: [IPPROTO_TCP],
  hooks: [Hook.INPUT, Hook.FORWARD],
  needsConntrack: true,
  options,
  list,
  create(info, { host, clock, conntrack }) {
    if (host.handshakes === undefined) return new SynproxyAction(null);
    const terms = {
      offers: offersOf(info),
      mss: info.mss?.value ?? 0,
      windowScale: info.wscale?.value ?? 0,
    };
    const template = conntrack.template(PROXIED);
    return new SynproxyAction(new ClientLeg(host.handshakes, clock, terms, template));
  },
});
