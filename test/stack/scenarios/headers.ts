/** Headers that lie, and addresses that cannot have come from there. */
import { u16, udp } from '../make.ts';
import { G0, OUT4, OUT6, data, from0, typed, edited, one, type Scenario } from './network.ts';

export const CHECKS: readonly Scenario[] = [
  one('L3-1: version 5', from0(edited(udp(OUT4, 1, 2, []), { 0: 0x55 }))),
  one('L3-1: header length 16', from0(edited(udp(OUT4, 1, 2, []), { 0: 0x44 }))),
  one('L3-1: header longer than the packet', from0(edited(udp(OUT4, 1, 2, []), { 0: 0x4f }))),
  one('L3-1: total length below the header', from0(edited(udp(OUT4, 1, 2, []), { 3: 19 }))),
  one('L3-1: total length beyond the frame', from0(edited(udp(OUT4, 1, 2, []), { 3: 29 }))),
  one('a wrong header checksum', from0(udp(OUT4, 1, 2, []).map((byte, i) => (i === 10 ? byte ^ 1 : byte)))),
  one('L2-6: an empty IPv4 packet', typed(G0, 0x800, [])),
  one('L2-6: 802.3 with LLC', typed(G0, 40, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0, ...udp(OUT4, 1, 2, [])])),
  one('L2-6: a tag with a VLAN id', typed(G0, 0x8100, [...u16(100), ...u16(0x800), ...udp(OUT4, 1, 2, [])])),
  one(
    'a priority tag is looked through',
    typed(G0, 0x8100, [...u16(0xe000), ...u16(0x800), ...udp(OUT4, 1, 2, [])]),
  ),
  one(
    'an 802.1ad priority tag before an 802.1Q one is looked through',
    typed(G0, 0x88a8, [...u16(0), ...u16(0x8100), ...u16(0), ...u16(0x800), ...udp(OUT4, 1, 2, [])]),
  ),
  one(
    'L2-6: fifty tags',
    typed(G0, 0x8100, [...Array.from({ length: 50 }, () => [0, 5, 0x81, 0]).flat(), ...udp(OUT4, 1, 2, [])]),
  ),
  one('an unknown EtherType', typed(G0, 0x9999, udp(OUT4, 1, 2, []))),
  one(
    'IPv6 version 4',
    typed(
      G0,
      0x86dd,
      udp(OUT6, 1, 2, []).map((byte, i) => (i === 0 ? 0x40 : byte)),
    ),
  ),
  one(
    'IPv6 payload longer than the frame',
    from0(udp(OUT6, 1, 2, []).map((byte, i) => (i === 5 ? 9 : byte))),
  ),
];

const martian = (name: string, from: string, to: string, extra: Partial<Scenario> = {}) =>
  one(name, from0(udp({ from, to }, 1, 2, data(8))), extra);

export const MARTIANS: readonly Scenario[] = [
  martian('L3-12: source is our own address', '10.254.0.1', '192.0.2.7'),
  martian('L3-12: source is our address on the other side', '10.253.0.1', '192.0.2.7'),
  martian('L3-12: source and destination are our own address', '10.254.0.1', '10.254.0.1'),
  martian('L3-12: source in 127/8', '127.0.0.5', '192.0.2.7'),
  martian('L3-12: destination in 127/8', '10.254.0.2', '127.0.0.1'),
  martian('destination in 127/8 with route_localnet', '10.254.0.2', '127.0.0.1', {
    gateway: { sysctl: { 'net.ipv4.conf.eth0.route_localnet': 1 } },
  }),
  martian('source 0.0.0.0', '0.0.0.0', '192.0.2.7'),
  martian('source 0.1.2.3', '0.1.2.3', '192.0.2.7'),
  martian('destination 0.1.2.3', '10.254.0.2', '0.1.2.3'),
  martian('source multicast', '224.0.0.5', '192.0.2.7'),
  martian('source limited broadcast', '255.255.255.255', '192.0.2.7'),
  martian('source the broadcast address of the link', '10.254.0.255', '192.0.2.7'),
  martian('source in 240/4', '240.0.0.1', '192.0.2.7'),
  martian('destination in 240/4', '10.254.0.2', '240.0.0.1'),
  martian('destination a broadcast address of the other side', '10.254.0.2', '10.253.0.255'),
  martian('destination a network address of the other side', '10.254.0.2', '10.253.0.0'),
  martian('rp_filter strict: source from the other side', '10.253.0.9', '192.0.2.7', {
    gateway: { sysctl: { 'net.ipv4.conf.all.rp_filter': 1 } },
  }),
  martian('rp_filter loose: source from the other side', '10.253.0.9', '192.0.2.7', {
    gateway: { sysctl: { 'net.ipv4.conf.all.rp_filter': 2 } },
  }),
  martian('rp_filter loose without a route back', '8.8.8.8', '10.253.0.2', {
    gateway: { routes: [], sysctl: { 'net.ipv4.conf.all.rp_filter': 2 } },
  }),
  martian('accept_local: source is our own address on the other side', '10.253.0.1', '192.0.2.7', {
    gateway: { sysctl: { 'net.ipv4.conf.eth0.accept_local': 1 } },
  }),
  martian('IPv6 source ::1', '::1', '2001:db8::7'),
  martian('IPv6 destination ::1', 'fd54::2', '::1'),
  martian('IPv6 source multicast', 'ff02::1', '2001:db8::7'),
  martian('IPv6 source ::', '::', '2001:db8::7'),
  martian('IPv6 source our own', 'fd54::1', '2001:db8::7'),
  martian('IPv6 destination interface-local multicast', 'fd54::2', 'ff01::1'),
];
