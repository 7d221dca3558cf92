import assert from 'node:assert/strict';
import { writeU32 } from '../../../src/wire/bytes.ts';
import { Rig } from './support.ts';

describe('conntrack: UDP and UDP-Lite', () => {
  it('takes a flow for a stream only when it is two seconds old', () => {
    const rig = new Rig();
    assert.equal(rig.udp('>'), 'NEW 30');
    assert.equal(rig.udp('<'), 'ESTABLISHED 30');
    rig.wait(1);
    assert.equal(rig.udp('>'), 'ESTABLISHED 30');
    rig.wait(1.5);
    assert.equal(rig.udp('>'), 'ESTABLISHED [ASSURED] 120');
  });

  it('takes wrong lengths and a wrong checksum for INVALID, and no checksum for right', () => {
    for (const length of [0, 7, 19]) {
      const rig = new Rig();
      const pkt = rig.udpPacket('>');
      pkt.bytes[pkt.l4 + 5] = length;
      assert.equal(rig.pass(rig.sealed(pkt, 6)), 'INVALID', `length ${length}`);
    }
    const rig = new Rig({ sysctls: { log_invalid: 17 } });
    const bad = rig.udpPacket('>');
    bad.bytes[bad.l3End - 1]! ^= 1;
    assert.equal(rig.pass(bad), 'INVALID');
    assert.match(rig.log[0]!, /^nf_ct_proto_17: bad checksum /);
    const none = rig.udpPacket('>');
    none.bytes.fill(0, none.l4 + 6, none.l4 + 8);
    assert.equal(rig.pass(none), 'NEW 30');
  });

  it('takes UDP-Lite for assured with the first answer', () => {
    const rig = new Rig({ sysctls: { checksum: 0 } });
    assert.equal(rig.pass(rig.udpPacket('>', 1, 2, 10, 136)), 'NEW 30');
    assert.equal(rig.pass(rig.udpPacket('<', 1, 2, 10, 136)), 'ESTABLISHED 30');
    assert.equal(rig.pass(rig.udpPacket('>', 1, 2, 10, 136)), 'ESTABLISHED [ASSURED] 120');
  });
});

describe('conntrack: ICMP and ICMPv6 queries', () => {
  it('pairs questions with their answers by identifier', () => {
    const rig = new Rig();
    for (const [question, answer] of [
      [8, 0],
      [13, 14],
      [15, 16],
      [17, 18],
    ] as const) {
      assert.equal(rig.icmp('>', question, 7), 'NEW 30');
      assert.equal(rig.icmp('<', answer, 8), 'INVALID');
      assert.equal(rig.icmp('<', answer, 7), 'ESTABLISHED 30');
      assert.equal(rig.icmp('<', answer, 7), 'ESTABLISHED 30');
    }
  });

  it('takes answers nobody asked for, and types without an answer, for INVALID', () => {
    for (const type of [0, 14, 9, 10, 1, 19, 255])
      assert.equal(new Rig().icmp('>', type, 1), 'INVALID', `${type}`);
    for (const type of [129, 140, 138, 200]) {
      assert.equal(new Rig({ family: 6 }).icmp('>', type, 1), 'INVALID', `v6 ${type}`);
    }
  });

  it('exempts neighbour discovery and multicast listener messages from tracking', () => {
    for (const type of [130, 131, 132, 133, 134, 135, 136, 143]) {
      assert.equal(new Rig({ family: 6 }).icmp('>', type, 0), 'UNTRACKED', `${type}`);
    }
    assert.equal(new Rig({ family: 6 }).icmp('>', 128, 5), 'NEW 30');
  });
});

describe('conntrack: SCTP', () => {
  const tag = (value: number): number[] => [
    value >>> 24,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  ];
  const init = (type: number, initiate: number): number[] => [
    type,
    0,
    ...tag(initiate),
    0,
    0,
    9,
    9,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    1,
  ];

  it('walks an association from INIT to SHUTDOWN COMPLETE', () => {
    const rig = new Rig();
    assert.equal(rig.sctp('>', 0, init(1, 0xbbbb)), 'NEW CLOSED 10');
    assert.equal(rig.sctp('<', 0xbbbb, init(2, 0xaaaa)), 'ESTABLISHED COOKIE_WAIT 3');
    assert.equal(rig.sctp('>', 0xaaaa, [10, 0, 1, 2, 3, 4]), 'ESTABLISHED COOKIE_ECHOED 3');
    assert.equal(rig.sctp('<', 0xbbbb, [11, 0]), 'ESTABLISHED [ASSURED] ESTABLISHED 210');
    assert.equal(rig.sctp('>', 0xaaaa, [7, 0, 0, 0, 0, 1]), 'ESTABLISHED [ASSURED] SHUTDOWN_SENT 3');
    assert.equal(rig.sctp('<', 0xbbbb, [8, 0]), 'ESTABLISHED [ASSURED] SHUTDOWN_ACK_SENT 3');
    assert.equal(rig.sctp('>', 0xaaaa, [14, 0]), 'ESTABLISHED [ASSURED] CLOSED 10');
  });

  it('takes a wrong verification tag, a chunk out of place and a wrong CRC for INVALID', () => {
    const rig = new Rig();
    rig.sctp('>', 0, init(1, 0xbbbb));
    assert.equal(rig.sctp('<', 0xcccc, [0, 0, 1, 2, 3, 4]), 'INVALID');
    assert.equal(rig.sctp('>', 0, init(1, 1), [0, 0]), 'INVALID');
    assert.equal(rig.sctp('>', 0), 'INVALID');
    assert.equal(rig.sctp('>', 5, init(1, 0xbbbb)), 'INVALID');
  });
});

describe('conntrack: GRE and the rest', () => {
  it('tells GRE version 1 apart by call id, and version 0 by addresses only', () => {
    const rig = new Rig();
    const pptp = (call: number): Uint8Array => Uint8Array.of(0x30, 1, 0x88, 0x0b, 0, 0, 0, call, 0, 0, 0, 0);
    assert.equal(rig.pass(rig.packet('>', 47, pptp(1))), 'NEW 30');
    assert.equal(rig.pass(rig.packet('>', 47, pptp(2))), 'NEW 30');
    assert.equal(rig.ct.list(4).length, 2);
    assert.match(rig.ct.list(4)[0]!, / gre {6}47 30 src=10\.0\.0\.1 dst=10\.0\.0\.2 srckey=0x0 dstkey=0x1 /);
    assert.equal(rig.pass(rig.packet('>', 47, Uint8Array.of(0x20, 0, 8, 0, 0, 0, 0, 1))), 'NEW 30');
    assert.equal(rig.pass(rig.packet('<', 47, Uint8Array.of(0, 0, 8, 0))), 'ESTABLISHED 30');
    assert.equal(rig.pass(rig.packet('<', 47, Uint8Array.of(0, 0, 8, 0))), 'ESTABLISHED [ASSURED] 180');
  });

  it('tells other protocols apart by number and addresses, and gives them ten minutes', () => {
    const rig = new Rig();
    assert.equal(rig.pass(rig.packet('>', 50, new Uint8Array(8))), 'NEW 600');
    assert.equal(rig.pass(rig.packet('<', 50, new Uint8Array(8))), 'ESTABLISHED 600');
    assert.match(rig.ct.list(4)[0]!, /^ipv4 {5}2 unknown {2}50 600 src=10\.0\.0\.1 dst=10\.0\.0\.2 src=10/);
  });
});

describe('conntrack: ICMP errors', () => {
  /** The first bytes of the packet that the error is about. */
  const inner = (rig: Rig, cut = 28): Uint8Array => rig.udpPacket('>').bytes.slice(0, cut);

  it('are RELATED to the connection of the packet inside, and renew nothing', () => {
    const rig = new Rig();
    rig.udp('>');
    rig.wait(10);
    assert.equal(rig.pass(rig.icmpPacket('<', 3, 3, 0, inner(rig))), 'RELATED 20');
  });

  it('L3-8: are INVALID when the packet inside is cut, a later fragment, or of no connection', () => {
    const rig = new Rig();
    rig.udp('>');
    for (const cut of [0, 19, 20, 23]) {
      assert.equal(rig.pass(rig.icmpPacket('<', 3, 3, 0, inner(rig, cut))), 'INVALID', `cut to ${cut}`);
    }
    const fragment = inner(rig);
    fragment[7] = 1;
    assert.equal(rig.pass(rig.icmpPacket('<', 3, 3, 0, fragment)), 'INVALID');
    const foreign = inner(rig);
    writeU32(foreign, 16, 0x0a0000ff);
    assert.equal(rig.pass(rig.icmpPacket('<', 3, 3, 0, foreign)), 'INVALID');
  });

  it('L3-8: are INVALID when they do not go to where the packet inside came from', () => {
    const rig = new Rig({ sysctls: { log_invalid: 1 } });
    rig.udp('>');
    assert.equal(rig.pass(rig.icmpPacket('>', 3, 3, 0, inner(rig))), 'INVALID');
    assert.match(rig.log[0]!, /^nf_ct_proto_1: outer daddr 10\.0\.0\.2 != inner 10\.0\.0\.1 /);
  });

  it('L3-8: with a wrong checksum are INVALID', () => {
    const rig = new Rig();
    rig.udp('>');
    const error = rig.icmpPacket('<', 3, 3, 0, inner(rig));
    error.bytes[error.l4 + 2]! ^= 1;
    assert.equal(rig.pass(error), 'INVALID');
  });

  it('L3-8: of IPv6 follow the same rules', () => {
    const rig = new Rig({ family: 6 });
    rig.udp('>');
    assert.equal(rig.pass(rig.icmpPacket('<', 2, 0, 1280, inner(rig, 48))), 'RELATED 30');
    assert.equal(rig.pass(rig.icmpPacket('<', 1, 4, 0, inner(rig, 43))), 'INVALID');
    assert.equal(rig.pass(rig.icmpPacket('>', 1, 4, 0, inner(rig, 48))), 'INVALID');
  });
});
