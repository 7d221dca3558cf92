/** IPv4 options and IPv6 extension headers. */
import { address, checksum, ipv4Packet, packet, u16, type Ends } from '../make.ts';
import { OUT4, OUT6, SELF4, SELF6, data, from0, UDP40, one, type Scenario } from './network.ts';

const rr = (...options: number[]) => ({ options });
export const OPTIONS: readonly Scenario[] = [
  one('record route is filled in on the way', from0(udp4(OUT4, rr(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)))),
  one('a full record route passes', from0(udp4(OUT4, rr(7, 7, 8, 1, 2, 3, 4, 0)))),
  one(
    'record route is echoed by a time exceeded',
    from0(udp4(OUT4, { ...rr(7, 15, 4, ...new Array<number>(12).fill(0), 0), ttl: 1 })),
  ),
  one(
    'record route is echoed by an echo reply',
    from0(ipv4Packet(SELF4, 1, icmpBody(8, data(12)), rr(7, 15, 4, ...new Array<number>(12).fill(0), 0))),
  ),
  one('L3-2: option length 0', from0(udp4(OUT4, rr(7, 0, 4, 0)))),
  one('L3-2: option length 1', from0(udp4(OUT4, rr(1, 130, 1, 0)))),
  one('L3-2: option past the end', from0(udp4(OUT4, rr(7, 12, 4, 0)))),
  one('L3-2: option kind as the last byte', from0(udp4(OUT4, rr(1, 1, 1, 7)))),
  one('L3-2: loose source route', from0(udp4(SELF4, rr(131, 7, 4, 192, 0, 2, 7, 0)))),
  one('L3-2: strict source route', from0(udp4(OUT4, rr(137, 7, 4, 192, 0, 2, 7, 0)))),
  one('loose source route, accepted', from0(udp4(SELF4, rr(131, 7, 4, 192, 0, 2, 7, 0))), {
    gateway: {
      sysctl: { 'net.ipv4.conf.all.accept_source_route': 1, 'net.ipv4.conf.eth0.accept_source_route': 1 },
    },
  }),
  one('record route pointer below 4', from0(udp4(OUT4, rr(7, 7, 3, 0, 0, 0, 0, 0)))),
  one('record route with no room for one more', from0(udp4(OUT4, rr(7, 6, 4, 0, 0, 0, 0, 0)))),
  one('two record routes', from0(udp4(OUT4, rr(7, 3, 4, 7, 3, 4, 0, 0)))),
  one('timestamp overflow counts', from0(udp4(OUT4, rr(68, 8, 9, 0x10, 1, 2, 3, 4)))),
  one('timestamp overflow beyond 15', from0(udp4(OUT4, rr(68, 8, 9, 0xf0, 1, 2, 3, 4)))),
  one('timestamp with an unknown flag', from0(udp4(OUT4, rr(68, 12, 5, 2, ...new Array<number>(8).fill(0))))),
  one('router alert passes', from0(udp4(OUT4, rr(148, 4, 0, 0)))),
  one('security and unknown options pass', from0(udp4(OUT4, rr(130, 4, 1, 2, 200, 3, 9, 1)))),
  one('bytes behind the end of the list are cleared', from0(udp4(OUT4, rr(0, 1, 2, 3)))),
];

function udp4(ends: Ends, ip: Record<string, unknown>): number[] {
  return ipv4Packet(ends, 17, [...UDP40], ip);
}

function icmpBody(type: number, rest: Uint8Array): number[] {
  const body = [type, 0, 0, 0, ...rest];
  body.splice(2, 2, ...u16(checksum(body)));
  return body;
}

const ext = (ends: Ends, first: number, ...bytes: number[]) =>
  packet(ends, first, [...bytes, ...u16(1), ...u16(2), ...u16(8), 0, 0]);
export const EXTENSIONS: readonly Scenario[] = [
  one('hop-by-hop padding passes', from0(ext(OUT6, 0, 17, 0, 1, 4, 0, 0, 0, 0))),
  one('L3-7: hop-by-hop padding that is not zero', from0(ext(OUT6, 0, 17, 0, 1, 4, 0, 0, 9, 0))),
  one('L3-7: hop-by-hop option past the header', from0(ext(OUT6, 0, 17, 0, 5, 9, 0, 0, 0, 0))),
  one('hop-by-hop unknown option to be skipped', from0(ext(OUT6, 0, 17, 0, 0x1e, 4, 1, 2, 3, 4))),
  one('hop-by-hop unknown option to be discarded', from0(ext(OUT6, 0, 17, 0, 0x5e, 4, 1, 2, 3, 4))),
  one('hop-by-hop unknown option to be reported', from0(ext(OUT6, 0, 17, 0, 0x9e, 4, 1, 2, 3, 4))),
  one(
    'hop-by-hop unknown option to be reported unless multicast',
    from0(ext(OUT6, 0, 17, 0, 0xde, 4, 1, 2, 3, 4)),
  ),
  one('hop-by-hop header past the packet', from0(packet(OUT6, 0, [17, 9, 1, 4, 0, 0, 0, 0]))),
  one('a jumbo option in a small packet', from0(ext(OUT6, 0, 17, 0, 0xc2, 4, 0, 0, 0, 40))),
  one(
    'L3-7: RH0 is forwarded by a router',
    from0(ext(OUT6, 43, 17, 2, 0, 1, 0, 0, 0, 0, ...address('2001:db8::9'))),
  ),
  one(
    'L3-7: RH0 for us is refused',
    from0(ext(SELF6, 43, 17, 2, 0, 1, 0, 0, 0, 0, ...address('2001:db8::9'))),
  ),
  one(
    'RH0 with no segments left for us is passed over',
    from0(ext(SELF6, 43, 17, 2, 0, 0, 0, 0, 0, 0, ...address('2001:db8::9'))),
  ),
  one(
    'L3-7: sixty destination headers',
    from0(
      packet(SELF6, 60, [
        ...Array.from({ length: 60 }, (_, i) => [i === 59 ? 59 : 60, 0, 1, 4, 0, 0, 0, 0]).flat(),
      ]),
    ),
  ),
  one(
    'a second hop-by-hop header for us is unknown',
    from0(packet(SELF6, 0, [0, 0, 1, 4, 0, 0, 0, 0, 59, 0, 1, 4, 0, 0, 0, 0])),
  ),
  one('no next header for us', from0(packet(SELF6, 59, [1, 2, 3]))),
  one('an unknown next header for us', from0(packet(SELF6, 253, data(20)))),
  one(
    'destination options: unknown option to be reported',
    from0(packet(SELF6, 60, [59, 0, 0x9e, 4, 1, 2, 3, 4])),
  ),
];
