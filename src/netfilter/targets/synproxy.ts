/**
 * `-j SYNPROXY`: completes TCP handshakes in place of the server, with cookies. Linux: ipt_SYNPROXY, ip6t_SYNPROXY. Read,
 * checked and printed only: the handshake is not done here, so connections through it don't come about (what it would
 * have answered is dropped).
 */
import { defineTarget, type InfoOf, type TargetAction } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook } from '../hook.ts';
import { flag, uint } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';

const HANDSHAKE = tcp.SYN | tcp.ACK | tcp.FIN | tcp.RST;

class SynproxyAction implements TargetAction {
  run(pkt: PacketBuffer): number {
    const isWhole = pkt.l4 + tcp.HEADER_LENGTH <= pkt.l3End;
    const flags = isWhole ? tcp.flags(pkt.bytes, pkt.l4) & HANDSHAKE : 0;
    if (isWhole && flags !== tcp.SYN && flags !== tcp.ACK) return Verdict.CONTINUE;
    pkt.dropReason = isWhole ? DropReason.SYNPROXY : DropReason.TRANSPORT_HEADER;
    return Verdict.DROP;
  }
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

export const synproxy = defineTarget({
  name: 'SYNPROXY',
  about: 'completes handshakes for the server: not done, they are dropped',
  protocols: [IPPROTO_TCP],
  hooks: [Hook.INPUT, Hook.FORWARD],
  needsConntrack: true,
  options,
  list,
  create: () => new SynproxyAction(),
});
