import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as b from '../../src/wire/build.ts';
import { hexToBytes } from '../../src/wire/bytes.ts';
import { fold, transportSum } from '../../src/wire/checksum.ts';
import {
  dissectEthernet,
  dissectNetwork,
  protocolUnknown,
  redissectTransport,
} from '../../src/wire/dissect.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import { WireStatus } from '../../src/wire/wire-status.ts';
import { octets } from './support.ts';

const ip4 = b.ipv4({ src: '10.0.0.1', dst: '192.0.2.2' });
const ip6 = b.ipv6({ src: 'fd00::1', dst: '2001:db8::2' });
const udp = b.udp({ srcPort: 5000, dstPort: 53 });

/** The frame stands in the middle of foreign bytes, as in a chunk of a capture. */
function dissected(frame: Uint8Array, expected: WireStatus = WireStatus.OK, cut = 0): PacketBuffer {
  const memory = new Uint8Array(frame.length + 200).fill(0x45);
  memory.set(frame, 100);
  const pkt = new PacketBuffer();
  pkt.reset(memory, 100, 100 + frame.length - cut);
  assert.equal(dissectEthernet(pkt), expected);
  return pkt;
}

function check(pkt: PacketBuffer, fields: Partial<PacketBuffer>): void {
  for (const [name, value] of Object.entries(fields)) {
    assert.equal(pkt[name as keyof PacketBuffer], value, name);
  }
}

describe('wire/dissect: IPv4', () => {
  it('fills every field of a TCP segment', () => {
    const pkt = dissected(b.frame(b.ethernet(), ip4, b.tcp({ srcPort: 40000, dstPort: 80 }), 'abc'));
    check(pkt, { l2: 100, etherType: 0x0800, vlanTci: -1, family: 4, l3: 114, l4: 134, l3End: 157 });
    check(pkt, { proto: 6, fragOffset: 0, moreFragments: 0, l4Ok: 1, sport: 40000, dport: 80 });
    check(pkt, { src0: 0x0a000001, src1: 0, src3: 0, dst0: 0xc0000202 | 0, dst1: 0, dst3: 0 });
    assert.equal(fold(transportSum(pkt)), 0xffff);
    assert.equal(pkt.l3Length, 43);
  });

  it('ends the datagram before the padding of a short frame', () => {
    const pkt = dissected(b.padded(b.frame(b.ethernet(), ip4, udp)));
    check(pkt, { l3End: 142, end: 160, sport: 5000, dport: 53 });
  });

  it('steps over options', () => {
    const options = hexToBytes('94040000');
    const pkt = dissected(b.frame(b.ethernet(), b.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', options }), udp));
    check(pkt, { l4: 138, sport: 5000, l4Ok: 1 });
  });

  it('reads no ports from a later fragment, and some from a first one', () => {
    const first = b.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', flags: 0x2000 });
    check(dissected(b.frame(b.ethernet(), first, udp)), {
      fragOffset: 0,
      moreFragments: 1,
      sport: 5000,
      l4Ok: 1,
    });
    const later = b.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', fragOffset: 1480 });
    check(dissected(b.frame(b.ethernet(), later, udp)), {
      fragOffset: 1480,
      moreFragments: 0,
      sport: 0,
      l4Ok: 0,
    });
  });

  it('says CUT, and judges by the headers, when the datagram is longer than the bytes', () => {
    const frame = b.frame(b.ethernet(), ip4, b.tcp(), new Uint8Array(100));
    check(dissected(frame, WireStatus.CUT, 100), { family: 4, l4Ok: 1, sport: 40000, l3End: 154 });
    check(dissected(frame, WireStatus.CUT, 110), { family: 4, l4Ok: 0, sport: 0, l4: 134, l3End: 144 });
  });

  it('takes no family from a header that lies', () => {
    const broken = (at: number, value: number, status: WireStatus): void => {
      const frame = b.frame(b.ethernet(), ip4, udp);
      frame[at] = value;
      check(dissected(frame, status), { family: 0, l4Ok: 0, proto: 0, sport: 0, etherType: 0x0800 });
    };
    broken(14, 0x65, WireStatus.BAD_VERSION);
    broken(14, 0x44, WireStatus.BAD_IHL);
    broken(14, 0x4f, WireStatus.BAD_IHL);
    broken(17, 19, WireStatus.BAD_LENGTH);
    const short = b.frame(b.ethernet(), ip4, udp);
    check(dissected(short, WireStatus.SHORT, 9), { family: 0 });
  });

  it('gives ports to TCP, UDP, UDP-Lite, SCTP and DCCP only, and asks each for its fixed header', () => {
    const needs: readonly (readonly [protocol: number, bytes: number, ports: boolean])[] = [
      [6, 20, true],
      [17, 8, true],
      [136, 8, true],
      [132, 12, true],
      [33, 12, true],
      [1, 8, false],
      [58, 8, false],
      [47, 4, false],
      [50, 8, false],
      [51, 12, false],
      [253, 0, false],
    ];
    for (const [protocol, length, ports] of needs) {
      const network = b.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', protocol });
      const body = (size: number): Uint8Array => new Uint8Array(size).fill(1);
      const whole = dissected(b.frame(b.ethernet(), network, body(length)));
      check(whole, { proto: protocol, l4Ok: 1, sport: ports ? 0x0101 : 0, dport: ports ? 0x0101 : 0 });
      if (length > 0)
        check(dissected(b.frame(b.ethernet(), network, body(length - 1))), { l4Ok: 0, sport: 0 });
    }
  });
});

describe('wire/dissect: IPv6', () => {
  it('fills every field of a UDP datagram', () => {
    const pkt = dissected(b.frame(b.ethernet(), ip6, udp, 'abc'));
    check(pkt, {
      etherType: 0x86dd,
      family: 6,
      l3: 114,
      l4: 154,
      l3End: 165,
      proto: 17,
      l4Ok: 1,
      sport: 5000,
    });
    check(pkt, {
      src0: 0xfd000000 | 0,
      src1: 0,
      src2: 0,
      src3: 1,
      dst0: 0x20010db8,
      dst1: 0,
      dst2: 0,
      dst3: 2,
    });
    assert.equal(fold(transportSum(pkt)), 0xffff);
  });

  it('skips hop-by-hop, routing, destination and authentication headers', () => {
    const auth = b.data(hexToBytes('1104000000000001000000020000000000000000 00000000'), -1, 51);
    const pkt = dissected(
      b.frame(b.ethernet(), ip6, b.extension(0), b.extension(43), b.extension(60), auth, udp),
    );
    check(pkt, { proto: 17, l4: 114 + 40 + 24 + 24, l4Ok: 1, dport: 53 });
  });

  it('follows the fragment header: ports of the first, protocol and data of a later one', () => {
    const first = b.fragment({ id: 1, moreFragments: true });
    check(dissected(b.frame(b.ethernet(), ip6, first, udp)), {
      proto: 17,
      l4: 162,
      moreFragments: 1,
      sport: 5000,
    });
    const later = b.fragment({ id: 1, fragOffset: 1448, nextHeader: 17 });
    const pkt = dissected(b.frame(b.ethernet(), ip6, b.extension(0), later, 'data'));
    check(pkt, { proto: 17, l4: 170, fragOffset: 1448, moreFragments: 0, l4Ok: 0, sport: 0 });
  });

  it('walks sixty extension headers in one go', () => {
    const chain = Array.from({ length: 60 }, () => b.extension(60));
    check(dissected(b.frame(b.ethernet(), ip6, ...chain, udp)), { proto: 17, l4: 154 + 480, sport: 5000 });
  });

  it('names the header that it could not read where the chain leaves the datagram', () => {
    const cut = b.frame(
      b.ethernet(),
      b.ipv6({ src: '::1', dst: '::2', nextHeader: 60 }),
      hexToBytes('3c00000000000000'),
    );
    check(dissected(cut, WireStatus.BAD_EXTENSION), { family: 6, proto: 60, l4Ok: 0, l4: 162 });
    const long = b.frame(
      b.ethernet(),
      b.ipv6({ src: '::1', dst: '::2', nextHeader: 60 }),
      hexToBytes('06ff000000000000'),
    );
    check(dissected(long, WireStatus.BAD_EXTENSION), { family: 6, proto: 6, l4Ok: 0, sport: 0, l4: 162 });
    const half = b.frame(
      b.ethernet(),
      b.ipv6({ src: '::1', dst: '::2', nextHeader: 44 }),
      hexToBytes('110000'),
    );
    check(dissected(half, WireStatus.BAD_EXTENSION), { proto: 44, fragOffset: 0, l4Ok: 0 });
  });

  // What `ip6tables -p tcp`, `-p udp` and a rule without -p counted on Linux 6.18, without connection tracking.
  it('knows the protocol where ip6tables knows it', () => {
    const known = (next: number, hex: string): number | undefined => {
      const pkt = new PacketBuffer(
        b.frame(b.ethernet(), b.ipv6({ src: '::1', dst: '::2', nextHeader: next }), hexToBytes(hex)),
      );
      dissectEthernet(pkt);
      return protocolUnknown(pkt) ? undefined : pkt.proto;
    };
    assert.equal(known(60, '06ff000000000000'), 6, 'destination header longer than the packet');
    assert.equal(known(60, '0600'), 6, 'destination header of two bytes');
    assert.equal(known(60, '06'), undefined, 'destination header of one byte');
    assert.equal(known(60, '3c00010400000000'), undefined, 'chain ends in a header that is not there');
    assert.equal(known(44, '06000000'), 6, 'fragment header of four bytes');
    assert.equal(known(44, '0600'), undefined, 'fragment header of two bytes');
    assert.equal(known(44, '0600000800000001'), 6, 'later fragment');
    assert.equal(known(44, '3c00000800000001'), undefined, 'later fragment that goes on with a header');
    assert.equal(known(44, '3b00000800000001'), 59, 'later fragment without next header');
    assert.equal(known(59, '61626364'), 59, 'no next header');
  });

  it('stops at "no next header"', () => {
    const pkt = dissected(b.frame(b.ethernet(), ip6, b.extension(0)));
    check(pkt, { proto: 59, l4: 162, l4Ok: 0 });
    redissectTransport(pkt);
    check(pkt, { l4Ok: 0 });
  });

  it('takes payload length 0 for a jumbogram only before a hop-by-hop header', () => {
    const empty = b.frame(b.ethernet(), b.ipv6({ src: '::1', dst: '::2', payloadLength: 0 }), udp);
    check(dissected(empty), { l3End: 154, l4Ok: 0, proto: 17 });
    const network = b.ipv6({ src: '::1', dst: '::2', payloadLength: 0 });
    const jumbo = b.extension(0, hexToBytes('c20400011178')); // 70,008 bytes follow the IPv6 header
    const pkt = dissected(b.frame(b.ethernet(), network, jumbo, udp, new Uint8Array(69_999)));
    check(pkt, { l3End: pkt.l3 + 40 + 70_008, proto: 17, sport: 5000 });
    const none = dissected(b.frame(b.ethernet(), network, b.extension(0), udp, 'abc'));
    check(none, { l3End: none.end, sport: 5000 });
  });

  it('says CUT, BAD_VERSION and SHORT', () => {
    const frame = b.frame(b.ethernet(), ip6, udp, new Uint8Array(50));
    check(dissected(frame, WireStatus.CUT, 50), { family: 6, sport: 5000 });
    check(dissected(frame, WireStatus.SHORT, 60), { family: 0 });
    frame[14] = 0x45;
    check(dissected(frame, WireStatus.BAD_VERSION), { family: 0 });
  });
});

describe('wire/dissect: layer 2', () => {
  it('steps over tags of 802.1Q and 802.1ad and keeps the outermost', () => {
    const frame = b.frame(
      b.ethernet(),
      b.vlan({ vid: 7, pcp: 3, tpid: 0x88a8 }),
      b.vlan({ vid: 9 }),
      ip4,
      udp,
    );
    check(dissected(frame), { vlanTci: 0x6007, etherType: 0x0800, l3: 122, sport: 5000 });
  });

  it('follows eight tags and no more', () => {
    const tags = (count: number): Uint8Array =>
      b.frame(b.ethernet(), ...Array.from({ length: count }, (_, vid) => b.vlan({ vid })), ip4, udp);
    check(dissected(tags(8)), { family: 4, vlanTci: 0, sport: 5000 });
    for (const count of [9, 50])
      check(dissected(tags(count), WireStatus.TOO_MANY_TAGS), { family: 0, etherType: 0x8100 });
  });

  it('stops at a cut tag', () => {
    const frame = b.frame(b.ethernet(), b.vlan({ vid: 7 })).slice(0, 17);
    check(dissected(frame, WireStatus.SHORT), { family: 0, etherType: 0x8100, vlanTci: -1 });
  });

  it('hands ARP, 802.3 and unknown EtherTypes on as NOT_IP, with l3 behind the header', () => {
    const arp = b.arp({ senderMac: '02:00:00:00:00:01', senderIp: '10.0.0.1', targetIp: '10.0.0.2' });
    check(dissected(b.frame(b.ethernet(), arp), WireStatus.NOT_IP), {
      etherType: 0x0806,
      l3: 114,
      family: 0,
      src0: 0,
    });
    check(dissected(b.frame(b.ethernet(), hexToBytes('aaaa030000000800'), ip4), WireStatus.NOT_IP), {
      etherType: 28,
    });
    check(dissected(b.frame(b.ethernet({ type: 0x88cc }), 'x'), WireStatus.NOT_IP), { etherType: 0x88cc });
  });

  it('takes frames of 0 to 13 bytes', () => {
    for (let length = 0; length < 14; length++) {
      const pkt = dissected(new Uint8Array(length), WireStatus.SHORT);
      check(pkt, { family: 0, etherType: 0, l3: pkt.end, l4: pkt.end, l3End: pkt.end });
    }
  });

  it('forgets everything of the packet before', () => {
    const pkt = dissected(
      b.frame(b.ethernet(), b.vlan({ vid: 7 }), ip6, b.fragment({ id: 1, moreFragments: true }), udp),
    );
    const next = b.frame(b.ethernet({ type: 0x1234 }), 'x');
    pkt.reset(next, 0, next.length);
    dissectEthernet(pkt);
    const fresh = new PacketBuffer(next);
    dissectEthernet(fresh);
    assert.deepEqual(pkt, fresh);
  });
});

describe('wire/dissect: without layer 2', () => {
  it('tells raw IP by its first nibble', () => {
    for (const [network, family] of [
      [ip4, 4],
      [ip6, 6],
    ] as const) {
      const bytes = b.frame(network, udp);
      const pkt = new PacketBuffer();
      pkt.reset(bytes, 0, bytes.length);
      assert.equal(dissectNetwork(pkt, 0), WireStatus.OK);
      check(pkt, { family, l2: -1, l3: 0, sport: 5000, etherType: family === 4 ? 0x0800 : 0x86dd });
    }
    const pkt = new PacketBuffer(Uint8Array.of(0x10));
    assert.equal(dissectNetwork(pkt, 0), WireStatus.BAD_VERSION);
    pkt.reset(new Uint8Array(0), 0, 0);
    assert.equal(dissectNetwork(pkt, 0), WireStatus.SHORT);
  });

  it('reads ports anew after the bytes changed', () => {
    const pkt = dissected(b.frame(b.ethernet(), ip4, udp));
    pkt.bytes[pkt.l4 + 3] = 54;
    redissectTransport(pkt);
    check(pkt, { sport: 5000, dport: 54 });
    pkt.l3End = pkt.l4 + 7;
    redissectTransport(pkt);
    check(pkt, { sport: 0, dport: 0, l4Ok: 0 });
  });
});

describe('wire/dissect: any bytes', () => {
  // Random bytes seldom look like IP: the EtherType, version and protocol are set to something that leads on.
  const hostile = fc
    .tuple(octets(0, 160), fc.constantFrom(0x0800, 0x86dd, 0x8100, 0x88a8, 0), octets(4))
    .map(([bytes, type, seeds]) => {
      const protocols = [0, 43, 44, 51, 60, 59, 6, 17, 132, 1];
      if (bytes.length > 60 && type !== 0) {
        bytes[12] = type >>> 8;
        bytes[13] = type & 0xff;
        if (type === 0x0800) bytes[14] = 0x40 | (seeds[0]! % 16);
        if (type === 0x86dd) bytes[14] = 0x60;
        if (type === 0x86dd) bytes[20] = protocols[seeds[1]! % 10]!;
        if (seeds[2]! & 1) bytes[16] = 0;
        if (seeds[2]! & 2) bytes[18] = 0;
        for (let at = 54; at < bytes.length; at += 8)
          if (seeds[3]! & 1) bytes[at] = protocols[bytes[at]! % 10]!;
      }
      return bytes;
    });

  it('throws nothing, and leaves no offset outside the frame', () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        const pkt = new PacketBuffer();
        const memory = new Uint8Array(bytes.length + 20);
        memory.set(bytes, 10);
        pkt.reset(memory, 10, 10 + bytes.length);
        const status = dissectEthernet(pkt);
        assert.ok(status >= 0 && status <= WireStatus.TOO_MANY_TAGS);
        assert.ok(pkt.l3 >= pkt.start && pkt.l3 <= pkt.end, 'l3');
        assert.ok(pkt.l4 >= pkt.l3 && pkt.l4 <= pkt.l3End, 'l4');
        assert.ok(pkt.l3End <= pkt.end, 'l3End');
        for (const [name, value] of Object.entries(pkt)) {
          if (name !== 'bytes') assert.ok(Number.isInteger(value), name);
        }
        if (pkt.l4Ok === 0) assert.equal(pkt.sport | pkt.dport, 0);
        if (pkt.family === 0) assert.equal(pkt.l4Ok, 0);
      }),
      { numRuns: 3000 },
    );
  });

  it('gives the same for the same bytes wherever they lie and whatever lies around', () => {
    fc.assert(
      fc.property(hostile, fc.nat({ max: 255 }), (bytes, around) => {
        const alone = new PacketBuffer(bytes);
        const status = dissectEthernet(alone);
        const memory = new Uint8Array(bytes.length + 300).fill(around);
        memory.set(bytes);
        const pkt = new PacketBuffer(memory, 0, bytes.length);
        assert.equal(dissectEthernet(pkt), status);
        assert.deepEqual({ ...pkt, bytes: 0 }, { ...alone, bytes: 0 });
      }),
      { numRuns: 1000 },
    );
  });
});
