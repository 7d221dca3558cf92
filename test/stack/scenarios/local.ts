/** What is for the gateway itself. */
import { echo, icmp, ipv4Packet, packet, tcp, u16, udp } from '../make.ts';
import { ALL, SELF4, SELF6, data, from0, SYN, one, type Scenario } from './network.ts';

export const LOCAL: readonly Scenario[] = [
  one('echo request', from0(echo(SELF4, false, 5, 6, data(40)))),
  one('echo request with type of service', from0(icmp(SELF4, 8, 0, data(20), { tos: 0xb9 }))),
  one(
    'echo request to our other address',
    from0(echo({ ...SELF4, to: '10.253.0.1' }, false, 5, 6, data(40))),
  ),
  one('a long echo request', from0(echo(SELF4, false, 5, 6, data(1472)))),
  one(
    'L3-12: echo request to broadcast',
    from0(echo({ ...SELF4, to: '10.254.0.255' }, false, 5, 6, data(8)), ALL),
  ),
  one(
    'echo request to broadcast, answered when told so',
    from0(echo({ ...SELF4, to: '10.254.0.255' }, false, 5, 6, data(8)), ALL),
    {
      gateway: { sysctl: { 'net.ipv4.icmp_echo_ignore_broadcasts': 0 } },
    },
  ),
  one(
    'echo request with a wrong checksum',
    from0(echo(SELF4, false, 5, 6, data(8)).map((b, i) => (i === 22 ? b ^ 1 : b))),
  ),
  one('ICMPv6 echo request', from0(echo(SELF6, false, 5, 6, data(40)))),
  one('ICMPv6 echo request with traffic class', from0(icmp(SELF6, 128, 0, data(20), { tos: 0xb9 }))),
  one(
    'ICMPv6 echo request to all nodes',
    from0(echo({ ...SELF6, to: 'ff02::1' }, false, 5, 6, data(8)), '33:33:00:00:00:01'),
  ),
  one(
    'ICMPv6 echo request to the subnet-router anycast address',
    from0(echo({ ...SELF6, to: 'fd54::' }, false, 5, 6, data(8))),
  ),
  one(
    'L3-10: an echo request whose length lies',
    from0([...echo(SELF6, false, 5, 6, data(8)).map((b, i) => (i === 5 ? 60 : b))]),
  ),
  one('UDP port without a socket', from0(udp(SELF4, 1000, 9, data(16), { tos: 0x10 }))),
  one(
    'UDP shorter than the packet: the rest is not quoted',
    from0(ipv4Packet(SELF4, 17, [...u16(1), ...u16(9), ...u16(12), 0, 0, ...data(20)])),
  ),
  one(
    'UDP with a lying length',
    from0(ipv4Packet(SELF4, 17, [...u16(1), ...u16(9), ...u16(60), 0, 0, ...data(20)])),
  ),
  one(
    'UDP with a wrong checksum',
    from0(udp(SELF4, 1000, 9, data(16)).map((b, i) => (i === 26 ? b ^ 1 : b))),
  ),
  one(
    'UDP to broadcast without a socket',
    from0(udp({ ...SELF4, to: '255.255.255.255' }, 1000, 9, data(16)), ALL),
  ),
  one('UDP over IPv6 without a socket', from0(udp(SELF6, 1000, 9, data(16), { tos: 0x10 }))),
  one(
    'UDP over IPv6 without a checksum',
    from0(packet(SELF6, 17, [...u16(1), ...u16(9), ...u16(12), 0, 0, 1, 2, 3, 4])),
  ),
  one('an unknown protocol', from0(ipv4Packet(SELF4, 253, data(20)))),
  one(
    'SYN to a closed port',
    from0(tcp(SELF4, { ...SYN, options: [2, 4, 5, 180], payload: [] }, { tos: 0x13 })),
  ),
  one('SYN with data to a closed port', from0(tcp(SELF4, { ...SYN, payload: data(5) }))),
  one('ACK to a closed port', from0(tcp(SELF4, { ...SYN, flags: 'A', ack: 77 }))),
  one('RST to a closed port', from0(tcp(SELF4, { ...SYN, flags: 'R' }))),
  one('SYN with a wrong checksum', from0(tcp(SELF4, SYN).map((b, i) => (i === 36 ? b ^ 1 : b)))),
  one('L4-1: data offset 4', from0(tcp(SELF4, SYN).map((b, i) => (i === 32 ? 0x40 : b)))),
  one('SYN over IPv6 to a closed port', from0(tcp(SELF6, SYN, { tos: 0x13 }))),
  one('FIN and ACK over IPv6 to a closed port', from0(tcp(SELF6, { ...SYN, flags: 'FA', ack: 99 }))),
  one(
    'a broadcast frame with an echo request for us is answered',
    from0(echo(SELF4, false, 5, 6, data(8)), ALL),
  ),
  one('a broadcast frame with UDP for us gets no error', from0(udp(SELF4, 1000, 9, data(16)), ALL)),
];
