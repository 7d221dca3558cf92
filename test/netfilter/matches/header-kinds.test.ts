/** Matches on headers and surroundings that have no file of their own here: for each what it takes and what it leaves. */
import assert from 'node:assert/strict';
import { packet, tcp, u16, u32, udp, type Ends, type IpOptions } from '../../../src/conform/frames.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import { IPPROTO_DCCP, IPPROTO_ICMPV6, IPPROTO_SCTP } from '../../../src/wire/ip-protocol.ts';
import type { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { arrived, ask, type Answer, type Where } from './support.ts';

const V4: Ends = { from: '10.0.0.1', to: '10.0.0.2' };
const V6: Ends = { from: 'fd00::1', to: 'fd00::2' };
const IPCOMP = 108;
const MOBILITY = 135;
const PAYLOAD = [0, 0, 0, 0, 0, 0, 0, 0];

const of = (ends: Ends, protocol: number, payload: readonly number[], ip: IpOptions = {}): PacketBuffer =>
  arrived(packet(ends, protocol, payload, ip));

/** Extension headers of IPv6, the next header's number left to be filled in by `chain`. */
type Extension = readonly [kind: number, rest: readonly number[]];

function chain(extensions: readonly Extension[], last: number, payload: readonly number[]): PacketBuffer {
  const kinds = [...extensions.map(([kind]) => kind), last];
  const bytes = extensions.flatMap(([, rest], i) => [kinds[i + 1]!, ...rest]);
  return of(V6, kinds[0]!, [...bytes, ...payload]);
}

const HOP_BY_HOP: Extension = [0, [0, 5, 2, 0, 0, 1, 0]];
const DESTINATION: Extension = [60, [0, 1, 4, 0, 0, 0, 0]];
const ROUTING: Extension = [43, [2, 0, 1, ...u32(0), ...PAYLOAD, ...PAYLOAD]];
const FRAGMENT: Extension = [44, [0, ...u16(0x0001), ...u32(77)]];
const LATER_FRAGMENT: Extension = [44, [0, ...u16(0x0008), ...u32(77)]];
const SEGMENTS: Extension = [43, [4, 4, 1, 1, 0, 0, 0, ...PAYLOAD, ...PAYLOAD, ...PAYLOAD, ...PAYLOAD]];
/** More left than there are. */
const TOO_MANY_LEFT: Extension = [43, [2, 4, 1, 0, 0, 0, 0, ...PAYLOAD, ...PAYLOAD]];

/** Type 2 (data), ports 1000 and 2000. */
const DCCP = [...u16(1000), ...u16(2000), 4, 0, 0, 0, 2 << 1, 0, 0, 1, 0, 0, 0, 0];
/** An INIT chunk and a COOKIE ECHO. */
const SCTP = [...u16(1000), ...u16(2000), ...u32(0), ...u32(0), 1, 0, ...u16(4), 10, 0, ...u16(4)];

const SEGMENT = { sport: 1000, dport: 80, seq: 1, flags: 'S' };

type Row = readonly [rule: string, pkt: PacketBuffer, answer: Answer, where?: Where];

const ROWS: readonly Row[] = [
  ['-p dccp -m dccp --dport 2000', of(V4, IPPROTO_DCCP, DCCP), 'matches'],
  ['-p dccp -m dccp --sport 2000', of(V4, IPPROTO_DCCP, DCCP), 'no'],
  ['-p dccp -m dccp --dccp-types DATA,ACK', of(V4, IPPROTO_DCCP, DCCP), 'matches'],
  ['-p dccp -m dccp ! --dccp-types DATA,ACK', of(V4, IPPROTO_DCCP, DCCP), 'no'],
  ['-p dccp -m dccp --dccp-types REQUEST', of(V4, IPPROTO_DCCP, DCCP.slice(0, 8)), 'drops'],
  ['-p sctp -m sctp --sport 1000:1999', of(V4, IPPROTO_SCTP, SCTP), 'matches'],
  ['-p sctp -m sctp --chunk-types any INIT,ABORT', of(V4, IPPROTO_SCTP, SCTP), 'matches'],
  ['-p sctp -m sctp --chunk-types all INIT,ABORT', of(V4, IPPROTO_SCTP, SCTP), 'no'],
  ['-p sctp -m sctp --chunk-types only INIT,COOKIE_ECHO', of(V4, IPPROTO_SCTP, SCTP), 'matches'],
  ['-p sctp -m sctp --chunk-types only INIT', of(V4, IPPROTO_SCTP, SCTP), 'no'],
  ['-m ecn --ecn-ip-ect 3', arrived(udp(V4, 1, 2, [], { tos: 3 })), 'matches'],
  ['-m ecn ! --ecn-ip-ect 3', arrived(udp(V4, 1, 2, [], { tos: 3 })), 'no'],
  ['-p tcp -m ecn --ecn-tcp-cwr', arrived(tcp(V4, { ...SEGMENT, flags: 'SC' })), 'matches'],
  ['-p tcp -m ecn --ecn-tcp-ece', arrived(tcp(V4, { ...SEGMENT, flags: 'SC' })), 'no'],
  ['-p ipcomp -m ipcomp --ipcompspi 7', of(V4, IPCOMP, [6, 0, 0, 7]), 'matches'],
  ['-p ipcomp -m ipcomp --ipcompspi 8:9', of(V4, IPCOMP, [6, 0, 0, 7]), 'no'],
  ['-m cpu --cpu 0', arrived(udp(V4, 1, 2, [])), 'matches'],
  ['-m cpu ! --cpu 0', arrived(udp(V4, 1, 2, [])), 'no'],
  ['-m policy --dir in --pol none', arrived(udp(V4, 1, 2, [])), 'matches'],
  ['-m policy --dir in --pol ipsec', arrived(udp(V4, 1, 2, [])), 'no'],
  ['-m devgroup --src-group 0', arrived(udp(V4, 1, 2, [])), 'matches'],
  ['-m devgroup --src-group 1', arrived(udp(V4, 1, 2, [])), 'no'],
  ['-m rpfilter', arrived(udp(V4, 1, 2, [])), 'matches'],
  ['-m rpfilter --invert', arrived(udp(V4, 1, 2, [])), 'no'],
  ['-m physdev --physdev-is-in', arrived(udp(V4, 1, 2, [])), 'no'],
  ['-m physdev ! --physdev-is-in', arrived(udp(V4, 1, 2, [])), 'matches'],
  ['-m socket', arrived(udp(V4, 1, 2, [])), 'no'],
  // "ldb [9]; jeq 17": is it UDP?
  ['-m bpf --bytecode "4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0"', arrived(udp(V4, 1, 2, [])), 'matches'],
  ['-m bpf --bytecode "4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0"', arrived(tcp(V4, SEGMENT)), 'no'],

  ['-m frag --fragid 77 --fragfirst --fragmore', chain([FRAGMENT], IPPROTO_ICMPV6, PAYLOAD), 'matches'],
  ['-m frag --fragid 77 --fragfirst', chain([LATER_FRAGMENT], IPPROTO_ICMPV6, PAYLOAD), 'no'],
  ['-m frag --fragid 1:76', chain([FRAGMENT], IPPROTO_ICMPV6, PAYLOAD), 'no'],
  ['-m frag --fragid 77', arrived(udp(V6, 1, 2, [])), 'no'],
  ['-m ipv6header --header hop --soft', chain([HOP_BY_HOP], IPPROTO_ICMPV6, PAYLOAD), 'matches'],
  ['-m ipv6header --header hop,dst', chain([HOP_BY_HOP, DESTINATION], 59, []), 'no'],
  ['-m ipv6header --header hop,dst,none', chain([HOP_BY_HOP, DESTINATION], 59, []), 'matches'],
  ['-m ipv6header ! --header hop --soft', chain([DESTINATION], IPPROTO_ICMPV6, PAYLOAD), 'matches'],
  ['-m rt --rt-type 0 --rt-segsleft 1', chain([ROUTING], IPPROTO_ICMPV6, PAYLOAD), 'matches'],
  ['-m rt --rt-type 2', chain([ROUTING], IPPROTO_ICMPV6, PAYLOAD), 'no'],
  ['-m hbh --hbh-opts 5', chain([HOP_BY_HOP], IPPROTO_ICMPV6, PAYLOAD), 'matches'],
  ['-m hbh --hbh-opts 6', chain([HOP_BY_HOP], IPPROTO_ICMPV6, PAYLOAD), 'no'],
  ['-m dst --dst-opts 1', chain([DESTINATION], IPPROTO_ICMPV6, PAYLOAD), 'matches'],
  ['-m srh --srh-segs-left-eq 1', chain([SEGMENTS], IPPROTO_ICMPV6, PAYLOAD), 'matches'],
  ['-m srh --srh-segs-left-eq 2', chain([SEGMENTS], IPPROTO_ICMPV6, PAYLOAD), 'no'],
  ['-m srh --srh-segs-left-eq 1', chain([TOO_MANY_LEFT], IPPROTO_ICMPV6, PAYLOAD), 'no'],
  ['-m srh --srh-segs-left-eq 1', chain([ROUTING], IPPROTO_ICMPV6, PAYLOAD), 'no'],
  ['-p mh -m mh --mh-type 1:3', of(V6, MOBILITY, [59, 0, 2, 0, 0, 0, 0, 0]), 'matches'],
  ['-p mh -m mh --mh-type 4', of(V6, MOBILITY, [59, 0, 2, 0, 0, 0, 0, 0]), 'no'],
];

describe('matches on headers and surroundings', () => {
  for (const [rule, pkt, answer, where] of ROWS) {
    it(`${rule}: ${answer}`, () => assert.equal(ask(rule, pkt, { hook: Hook.PREROUTING, ...where }), answer));
  }
});
