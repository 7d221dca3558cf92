import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as b from '../../src/wire/build.ts';
import { hexToBytes } from '../../src/wire/bytes.ts';
import {
  describe as describePkt,
  describeFrame,
  describePacket,
  flagLetters,
} from '../../src/wire/describe.ts';
import { dissectEthernet } from '../../src/wire/dissect.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import * as tcp from '../../src/wire/tcp.ts';
import * as options from '../../src/wire/tcp-options.ts';
import { octets } from './support.ts';

const ip4 = (more: Partial<b.Ipv4Input> = {}): b.Layer =>
  b.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ...more });
const ip6 = (more: Partial<b.Ipv6Input> = {}): b.Layer => b.ipv6({ src: 'fd00::1', dst: 'fd00::2', ...more });
const udp = b.udp({ srcPort: 40000, dstPort: 9999 });
const unreached = [b.ipv4({ src: '10.0.0.2', dst: '192.0.2.9' }), udp];
const unreached6 = [b.ipv6({ src: 'fd00::2', dst: '2001:db8::9' }), udp];
const chunk = (type: number, hex: string, flags = 0) => ({ type, flags, value: hexToBytes(hex) });
const arp = (operation: number, targetMac = '00:00:00:00:00:00'): b.Layer =>
  b.arp({ operation, senderMac: '02:00:00:00:00:01', senderIp: '10.0.0.1', targetMac, targetIp: '10.0.0.2' });

// What tcpdump 4.99.3 prints for the same frames with -n -S -t.
const TCPDUMP: readonly (readonly [line: string, layers: readonly (b.Layer | Uint8Array | string)[]])[] = [
  ['IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [none], win 64240, length 0', [ip4(), b.tcp({ flags: 0 })]],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 1:4, ack 77, win 64240, length 3',
    [ip4(), b.tcp({ flags: 0x18, ack: 77 }), 'abc'],
  ],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [FSRP.UEW], seq 1:4, ack 77, win 64240, urg 9, length 3',
    [ip4(), b.tcp({ flags: 0xff, ack: 77, urgentPointer: 9 }), 'abc'],
  ],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options [mss 1460,sackOK,TS val 4000000000 ecr 0,nop,wscale 7], length 0',
    [
      ip4(),
      b.tcp({
        options: [
          options.mssOption(1460),
          options.sackPermittedOption,
          options.timestampsOption(4000000000, 0),
          options.nop,
          options.windowScaleOption(7),
        ],
      }),
    ],
  ],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options [nop,nop,sack 2 {10:20}{30:4000000000}], length 0',
    [ip4(), b.tcp({ options: [options.nop, options.nop, options.sackOption([10, 20], [30, 4000000000])] })],
  ],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options [mss 0[len 5],eol], length 0',
    [ip4(), b.tcp({ options: [{ kind: 2, data: new Uint8Array(3) }] })],
  ],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options [unknown-77 0x0102], length 0',
    [ip4(), b.tcp({ options: [{ kind: 77, data: Uint8Array.of(1, 2) }] })],
  ],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options [[bad opt]',
    [ip4(), b.tcp({ options: hexToBytes('02010000') })],
  ],
  ['IP 10.0.0.1.0 > 10.0.0.2.0:  [|tcp]', [ip4({ protocol: 6 }), new Uint8Array(10)]],
  ['IP 10.0.0.1 > 10.0.0.2: [|tcp]', [ip4({ protocol: 6 }), new Uint8Array(3)]],
  ['IP 10.0.0.1.40000 > 10.0.0.2.9999: UDP, length 5', [ip4(), udp, 'hello']],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.9999: truncated-udplength 5',
    [ip4(), b.udp({ dstPort: 9999, length: 5 }), 'hello'],
  ],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.9999: UDP, bad length 42 > 5',
    [ip4(), b.udp({ dstPort: 9999, length: 50 }), 'hello'],
  ],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.9999: UDP, length 92',
    [ip4({ flags: 0x2000 }), b.udp({ dstPort: 9999, length: 100 }), 'hello'],
  ],
  ['IP 10.0.0.1 > 10.0.0.2: ip-proto-17', [ip4({ fragOffset: 8 }), udp]],
  [
    'IP truncated-ip - 167 bytes missing! 10.0.0.1.40000 > 10.0.0.2.9999: UDP, length 5',
    [ip4({ totalLength: 200 }), udp, 'hello'],
  ],
  ['IP bad-len 10', [ip4({ totalLength: 10 }), udp]],
  [
    'IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 9, length 16',
    [ip4(), b.icmp({ type: 8, id: 7, sequence: 9 }), 'abcdefgh'],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: ICMP 192.0.2.9 udp port 9999 unreachable, length 36',
    [ip4(), b.icmp({ type: 3, code: 3 }), ...unreached],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: ICMP 192.0.2.9 unreachable - need to frag (mtu 1400), length 36',
    [ip4(), b.icmp({ type: 3, code: 4, rest: 1400 }), ...unreached],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: ICMP host 192.0.2.9 unreachable - admin prohibited filter, length 36',
    [ip4(), b.icmp({ type: 3, code: 13 }), ...unreached],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: ICMP redirect 192.0.2.9 to host 10.0.0.3, length 36',
    [ip4(), b.icmp({ type: 5, code: 1, rest: 0x0a000003 }), ...unreached],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: ICMP time exceeded in-transit, length 36',
    [ip4(), b.icmp({ type: 11 }), ...unreached],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: ICMP time stamp reply id 7 seq 9: org 01:00:00.000, recv 01:00:00.001, xmit 01:00:00.384, length 20',
    [ip4(), b.icmp({ type: 14, id: 7, sequence: 9 }), hexToBytes('0036ee800036ee810036f000')],
  ],
  ['IP 10.0.0.1 > 10.0.0.2:  [|icmp]', [ip4(), b.icmp({ type: 3, code: 3 }), 'abcd']],
  [
    'IP 10.0.0.1 > 10.0.0.2: igmp v2 report 224.0.0.1',
    [ip4({ protocol: 2 }), hexToBytes('1600fffee0000001')],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: ESP(spi=0x000000ff,seq=0x7), length 12',
    [ip4({ protocol: 50 }), hexToBytes('000000ff00000007aabbccdd')],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: AH(spi=0x000000ff,seq=0x7,icv=0xaabbccddaabbccddaabbccdd): 40000 > 80: Flags [S], seq 1, win 64240, length 0',
    [ip4({ protocol: 51 }), hexToBytes('06040000000000ff00000007aabbccddaabbccddaabbccdd'), b.tcp()],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: GREv0, key=0x5, seq 9, length 40: IP 10.0.0.1.40000 > 10.0.0.2.9999: UDP, length 0',
    [ip4(), b.gre({ key: 5, sequence: 9 }), ip4(), udp],
  ],
  [
    'IP 10.0.0.1 > 10.0.0.2: GREv1, call 9, no-payload, length 8',
    [ip4(), b.gre({ version: 1, protocol: 0x880b, key: 9 })],
  ],
  ['IP 10.0.0.1 > 10.0.0.2: IP6 fd00::1.40000 > fd00::2.9999: UDP, length 0', [ip4(), ip6(), udp]],
  ['IP 10.0.0.1 > 10.0.0.2:  ip-proto-253 4', [ip4({ protocol: 253 }), 'abcd']],
  [
    'IP 10.0.0.1.1000 > 10.0.0.2.2000: sctp (1) [INIT] [init tag: 7] [rwnd: 65536] [OS: 16] [MIS: 16] [init TSN: 9]',
    [ip4(), b.sctp({ srcPort: 1000, dstPort: 2000, chunks: [chunk(1, '00000007000100000010001000000009')] })],
  ],
  [
    'IP 10.0.0.1.1000 > 10.0.0.2.2000: sctp (1) [DATA] (B)(E) [TSN: 1] [SID: 2] [SSEQ 3] [PPID SUA]',
    [
      ip4(),
      b.sctp({ srcPort: 1000, dstPort: 2000, chunks: [chunk(0, '00000001000200030000000461626364', 3)] }),
    ],
  ],
  ['IP6 fd00::1.40000 > fd00::2.80: Flags [S], seq 1, win 64240, length 0', [ip6(), b.tcp()]],
  [
    'IP6 fd00::1 > fd00::2: HBH DSTOPT RT6 (len=0, type=0 [Deprecated], segleft=0) 40000 > 80: Flags [S], seq 1, win 64240, length 0',
    [ip6(), b.extension(0), b.extension(60), b.extension(43), b.tcp()],
  ],
  [
    'IP6 fd00::1 > fd00::2: frag (0|18) 40000 > 9999: UDP, length 10',
    [ip6(), b.fragment({ id: 9, moreFragments: true }), udp, 'hello12345'],
  ],
  [
    'IP6 fd00::1 > fd00::2: frag (1232|3)',
    [ip6(), b.fragment({ id: 9, fragOffset: 1232, nextHeader: 17 }), 'abc'],
  ],
  ['IP6 fd00::1 > fd00::2: no next header', [ip6({ nextHeader: 59 }), 'abc']],
  [
    'IP6 truncated-ip6 - 92 bytes missing!fd00::1.40000 > fd00::2.9999: UDP, length 0',
    [ip6({ payloadLength: 100 }), udp],
  ],
  [
    'IP6 fd00::1 > fd00::2: ICMP6, echo reply, id 7, seq 9, length 16',
    [ip6(), b.icmpv6({ type: 129, id: 7, sequence: 9 }), 'abcdefgh'],
  ],
  [
    'IP6 fd00::1 > fd00::2: ICMP6, destination unreachable, unreachable port, 2001:db8::9 udp port 9999, length 56',
    [ip6(), b.icmpv6({ type: 1, code: 4 }), ...unreached6],
  ],
  [
    'IP6 fd00::1 > fd00::2: ICMP6, packet too big, mtu 1280, length 56',
    [ip6(), b.icmpv6({ type: 2, rest: 1280 }), ...unreached6],
  ],
  [
    'IP6 fd00::1 > fd00::2: ICMP6, time exceeded in-transit for 2001:db8::9, length 56',
    [ip6(), b.icmpv6({ type: 3 }), ...unreached6],
  ],
  [
    'IP6 fd00::1 > fd00::2: ICMP6, parameter problem, next header - octet 40, length 56',
    [ip6(), b.icmpv6({ type: 4, code: 1, rest: 40 }), ...unreached6],
  ],
  [
    'IP6 fd00::1 > fd00::2: ICMP6, neighbor solicitation, who has fd00::2, length 32',
    [ip6(), ...b.neighbour({ target: 'fd00::2', mac: '02:00:00:00:00:01' })],
  ],
  [
    'IP6 fd00::1 > fd00::2: ICMP6, neighbor advertisement, tgt is fd00::2, length 32',
    [ip6(), ...b.neighbour({ type: 136, target: 'fd00::2', mac: '02:00:00:00:00:01' })],
  ],
  [
    'IP6 fd00::1 > fd00::2: HBH ICMP6, multicast listener report v2, 1 group record(s), length 28',
    [ip6(), b.extension(0), b.icmpv6({ type: 143, rest: 1 }), new Uint8Array(20)],
  ],
  ['ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28', [arp(1)]],
  [
    'ARP, Request who-has 10.0.0.2 (02:00:00:00:00:02) tell 10.0.0.1, length 28',
    [arp(1, '02:00:00:00:00:02')],
  ],
  ['ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28', [arp(2)]],
  ['ARP, Reverse Request who-is 00:00:00:00:00:00 tell 02:00:00:00:00:01, length 28', [arp(3)]],
  ['LLDP, length 1', [b.data(Uint8Array.of(0), 0x88cc)]],
];

describe('wire/describe', () => {
  for (const [line, layers] of TCPDUMP) {
    it(`prints as tcpdump does: ${line}`, () =>
      assert.equal(describeFrame(b.frame(b.ethernet(), ...layers)), line));
  }

  it('shows VLAN tags in front of what they carry', () => {
    const frame = b.frame(
      b.ethernet(),
      b.vlan({ vid: 5, pcp: 3, tpid: 0x88a8 }),
      b.vlan({ vid: 6, dei: 1 }),
      ip4(),
      udp,
    );
    assert.equal(
      describeFrame(frame),
      'vlan 5, p 3, vlan 6, p 0, DEI, IP 10.0.0.1.40000 > 10.0.0.2.9999: UDP, length 0',
    );
  });

  it('names MAC addresses where nothing above layer 2 is understood', () => {
    assert.equal(
      describeFrame(b.frame(b.ethernet({ type: 0x1234 }), 'abcdefgh')),
      '02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype Unknown (0x1234), length 22',
    );
    assert.equal(
      describeFrame(b.frame(b.ethernet(), hexToBytes('424203'))),
      '02:00:00:00:00:01 > 02:00:00:00:00:02, 802.3, length 3: LLC, dsap 0x42, ssap 0x42, ctrl 0x03',
    );
  });

  it('prints lengths of the wire for a frame that the capture cut', () => {
    const frame = b.frame(b.ethernet(), ip4(), b.tcp({ flags: tcp.ACK, ack: 5 }), new Uint8Array(1000));
    const cut = frame.slice(0, 60);
    const line = 'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], seq 1:1001, ack 5, win 64240, length 1000';
    assert.equal(describeFrame(cut, 0, 60, { wireLength: frame.length }), line);
    assert.match(describeFrame(cut), /^IP truncated-ip - 994 bytes missing! /);
  });

  it('subtracts initial sequence numbers that the caller knows, with wrap-around', () => {
    const frame = b.frame(b.ethernet(), ip4(), b.tcp({ seq: 5, ack: 100, flags: 0x18 }), 'abc');
    assert.equal(
      describeFrame(frame, 0, frame.length, { relative: { seq: -6, ack: 99 } }),
      'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 11:14, ack 1, win 64240, length 3',
    );
  });

  it('describes a PacketBuffer with and without layer 2', () => {
    const frame = b.frame(b.ethernet(), ip4(), udp);
    const pkt = new PacketBuffer(frame);
    dissectEthernet(pkt);
    const line = 'IP 10.0.0.1.40000 > 10.0.0.2.9999: UDP, length 0';
    assert.equal(describePkt(pkt), line);
    pkt.l2 = -1;
    assert.equal(describePkt(pkt), line);
    assert.equal(describePacket(frame, 14), line);
    assert.equal(describePacket(b.frame(ip6(), udp)), 'IP6 fd00::1.40000 > fd00::2.9999: UDP, length 0');
    assert.equal(describePacket(new Uint8Array(5), 0, 5, {}, 0x1234), 'ethertype Unknown (0x1234), length 5');
  });

  it('follows packets in packets only so deep', () => {
    const line = describeFrame(b.frame(b.ethernet(), ...Array.from({ length: 100 }, () => ip4())));
    assert.match(line, /\[nested too deep\]$/);
    assert.ok(line.length < 400);
  });

  it('shows a bounded number of SCTP chunks', () => {
    const chunks = Array.from({ length: 300 }, () => chunk(11, ''));
    assert.ok(describeFrame(b.frame(b.ethernet(), ip4(), b.sctp({ chunks }))).length < 500);
  });

  it('prints flags as letters', () => {
    assert.equal(flagLetters(tcp.SYN | tcp.ACK), 'S.');
    assert.equal(flagLetters(0), 'none');
  });

  it('gives one printable line for any bytes, of any length', () => {
    const types = fc.constantFrom(0x0800, 0x86dd, 0x0806, 0x8100, 3, 0x1234);
    const protocols = fc.constantFrom(0, 1, 2, 6, 17, 33, 41, 4, 43, 44, 47, 50, 51, 58, 60, 132, 136);
    fc.assert(
      fc.property(octets(0, 140), types, protocols, fc.boolean(), (bytes, type, protocol, whole) => {
        if (bytes.length > 60) {
          bytes[12] = type >>> 8;
          bytes[13] = type & 0xff;
          bytes[14] = type === 0x86dd ? 0x60 : 0x45;
          if (type === 0x86dd) bytes[20] = protocol;
          else bytes[23] = protocol;
          if (type === 0x0800 && whole) {
            bytes[16] = 0;
            bytes[17] = bytes.length - 14;
            bytes[20] = bytes[21] = 0;
          }
        }
        const line = describeFrame(bytes);
        assert.match(line, /^[ -~…]+$/);
        assert.ok(line.length < 2000, line);
        assert.match(describePacket(bytes), /^[ -~…]+$/);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads nothing behind the end it is given, wherever a real frame is cut', () => {
    for (const [, layers] of TCPDUMP) {
      const frame = b.frame(b.ethernet(), ...layers);
      for (let end = 0; end <= frame.length; end++) {
        const memory = new Uint8Array(frame.length + 40).fill(end & 1 ? 0xff : 0);
        memory.set(frame.subarray(0, end), 10);
        const wireLength = frame.length;
        assert.equal(
          describeFrame(memory, 10, 10 + end, { wireLength }),
          describeFrame(frame.slice(0, end), 0, end, { wireLength }),
        );
      }
    }
  });
});
