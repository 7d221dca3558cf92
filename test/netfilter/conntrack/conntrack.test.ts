import assert from 'node:assert/strict';
import { CtInfo, CtStatus } from '../../../src/netfilter/conntrack/ct-info.ts';
import { Entered, Expectation, Gone } from '../../../src/netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../../src/netfilter/conntrack/helpers.ts';
import { Tuple } from '../../../src/netfilter/conntrack/tuple.ts';
import type { ConntrackSteps } from '../../../src/netfilter/hook-steps.ts';
import type { NatConntrack } from '../../../src/netfilter/nat/conntrack-side.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import { attachTo } from '../../../src/stack/attach.ts';
import type { CtTemplate } from '../../../src/netfilter/conntrack/view.ts';
import { Rig, SECOND, stateOf } from './support.ts';

const TEMPLATE: CtTemplate = {
  zoneOriginal: 0,
  zoneReply: 0,
  zoneFromMark: false,
  helper: null,
  timeout: null,
  events: 0,
  expectEvents: 0,
  proxied: false,
};

describe('conntrack: the life of an entry', () => {
  it('is not in the table before its first packet is confirmed, and leaves nothing when that is dropped', () => {
    const rig = new Rig();
    const pkt = rig.udpPacket('>');
    rig.ct.in(pkt, Hook.PREROUTING);
    assert.equal(stateOf(pkt, rig.ct), 'NEW');
    assert.deepEqual(rig.ct.list(4), []);
    assert.equal(rig.ct.count, 1);
    rig.ct.release(pkt);
    rig.ct.release(pkt);
    assert.equal(rig.ct.count, 0);
    assert.equal(pkt.ct, 0);
  });

  it('ends when its timeout is over, unless a packet renews it', () => {
    const rig = new Rig();
    rig.udp('>');
    rig.wait(29);
    assert.equal(rig.udp('>'), 'NEW 30');
    rig.wait(30);
    assert.deepEqual(rig.ct.list(4), []);
    assert.equal(rig.udp('<'), 'NEW 30');
  });

  it('is swept in small steps although nobody looks it up', () => {
    const rig = new Rig();
    for (let port = 1; port <= 500; port++) rig.udp('>', port);
    assert.equal(rig.ct.count, 500);
    for (let i = 0; i < 20; i++) {
      rig.wait(30);
      rig.udp('>', 60000);
    }
    assert.equal(rig.ct.count, 1);
  });

  it('does nothing for a family that nobody asked to track, for exempt packets and for those seen before', () => {
    const rig = new Rig();
    const exempt = rig.udpPacket('>');
    exempt.ctInfo = CtInfo.UNTRACKED;
    assert.equal(rig.pass(exempt), 'UNTRACKED');
    const looped = rig.udpPacket('>');
    rig.ct.in(looped, Hook.OUTPUT);
    const entry = looped.ct;
    rig.ct.in(looped, Hook.PREROUTING);
    assert.equal(looped.ct, entry);
  });

  it('belongs to a later fragment never', () => {
    const rig = new Rig();
    const pkt = rig.udpPacket('>');
    pkt.fragOffset = 8;
    assert.equal(rig.pass(pkt), 'INVALID');
  });

  it('verifies checksums in PREROUTING only, and not those known to be good', () => {
    const rig = new Rig();
    const broken = (): ReturnType<Rig['tcpPacket']> => {
      const pkt = rig.tcpPacket('>', 'S', { seq: 1 });
      pkt.bytes[pkt.l4 + 16]! ^= 1;
      return pkt;
    };
    assert.equal(rig.pass(broken()), 'INVALID');
    const good = broken();
    good.checksumState = 1;
    assert.match(rig.pass(good), /^NEW/);
    const own = broken();
    rig.ct.in(own, Hook.OUTPUT);
    assert.equal(stateOf(own, rig.ct), 'NEW');
  });

  it('counts packets and bytes while nf_conntrack_acct is on', () => {
    const rig = new Rig({ sysctls: { acct: 1 } });
    rig.udp('>');
    rig.udp('>');
    rig.udp('<');
    assert.match(
      rig.ct.list(4)[0]!,
      /dport=53 packets=2 bytes=76 src=.* dport=1025 packets=1 bytes=38 mark=0 use=1$/,
    );
  });

  it('gives an answer of our own the connection of the packet that it answers', () => {
    const rig = new Rig();
    const pkt = rig.udpPacket('>');
    rig.ct.in(pkt, Hook.PREROUTING);
    const answer = rig.icmpPacket('<', 3, 3, 0);
    attachTo(answer, pkt);
    assert.equal(stateOf(answer, rig.ct), 'RELATED');
    assert.equal(rig.ct.confirm(answer, Hook.POSTROUTING), Verdict.ACCEPT);
    rig.ct.release(answer);
    assert.equal(rig.ct.count, 1, 'the entry is still its first packet’s');
    assert.equal(rig.ct.confirm(pkt, Hook.POSTROUTING), Verdict.ACCEPT);
    assert.equal(rig.ct.list(4).length, 1);
  });

  it('L4-16: two first packets of one UDP flow at once both pass, and one entry stays', () => {
    const rig = new Rig();
    const first = rig.udpPacket('>');
    const second = rig.udpPacket('>');
    rig.ct.in(first, Hook.PREROUTING);
    rig.ct.in(second, Hook.PREROUTING);
    assert.equal(rig.ct.confirm(first, Hook.POSTROUTING), Verdict.ACCEPT);
    assert.equal(rig.ct.confirm(second, Hook.POSTROUTING), Verdict.ACCEPT);
    assert.equal(second.ct, first.ct);
    assert.equal(rig.ct.list(4).length, 1);
    assert.equal(rig.ct.count, 1);
  });

  it('two first packets of one TCP connection at once: the later one is dropped', () => {
    const rig = new Rig();
    const first = rig.tcpPacket('>', 'S', { seq: 1 });
    const second = rig.tcpPacket('>', 'S', { seq: 1 });
    rig.ct.in(first, Hook.PREROUTING);
    rig.ct.in(second, Hook.PREROUTING);
    rig.ct.confirm(first, Hook.POSTROUTING);
    assert.equal(rig.ct.confirm(second, Hook.POSTROUTING), Verdict.DROP);
    assert.equal(rig.ct.count, 1);
  });

  it('gives up entries of packets that nobody released, so that they cannot fill the table', () => {
    const rig = new Rig();
    for (let port = 1; port <= 1000; port++) rig.ct.in(rig.udpPacket('>', port), Hook.PREROUTING);
    assert.ok(rig.ct.count <= 64, `${rig.ct.count}`);
  });
});

describe('conntrack: zones and templates', () => {
  it('keeps the same tuple apart in different zones', () => {
    const rig = new Rig();
    const handle = rig.ct.template({ ...TEMPLATE, zoneOriginal: 5, zoneReply: 5 });
    rig.udp('>');
    const pkt = rig.udpPacket('>');
    pkt.ct = handle;
    assert.equal(rig.pass(pkt), 'NEW 30');
    assert.match(rig.ct.list(4)[1]!, / mark=0 zone=5 use=1$/);
  });

  it('finds the answer in the zone of the reply direction', () => {
    const rig = new Rig();
    const pkt = rig.udpPacket('>');
    pkt.ct = rig.ct.template({ ...TEMPLATE, zoneOriginal: 6, zoneReply: 0 });
    rig.pass(pkt);
    assert.equal(rig.udp('<'), 'ESTABLISHED 30');
    assert.match(rig.ct.list(4)[0]!, / dport=53 zone-orig=6 src=/);
  });

  it('takes timeouts from a policy of the template', () => {
    const rig = new Rig();
    rig.ct.timeoutPolicies.set('quick', { proto: 17, timeouts: Float64Array.of(3 * SECOND, 9 * SECOND) });
    const pkt = rig.udpPacket('>');
    pkt.ct = rig.ct.template({ ...TEMPLATE, timeout: 'quick' });
    assert.equal(rig.pass(pkt), 'NEW 3');
  });
});

describe('conntrack: a full table', () => {
  it('L4-4: a flood of SYNs is capped, evicts the unassured first, and is logged ten times in five seconds', () => {
    const rig = new Rig({ sysctls: { max: 1000, checksum: 0 } });
    rig.establish();
    let drops = 0;
    for (let i = 0; i < 20_000; i++) {
      if (rig.tcp('>', 'S', { seq: 1, sport: 2000 + (i % 60_000), dport: 1 + (i % 50) }) === 'DROP') drops++;
    }
    assert.ok(rig.ct.count <= 1000);
    assert.match(rig.tcp('>', 'A', { seq: 1001, ack: 5001 }), /^ESTABLISHED \[ASSURED\]/);
    const full = rig.log.filter((text) => text === 'nf_conntrack: nf_conntrack: table full, dropping packet');
    assert.ok(full.length === Math.min(drops, 10), `${drops} drops, ${full.length} lines`);
  });

  it('L4-4: when all are assured, new connections are refused and those that stand go on', () => {
    const rig = new Rig({ sysctls: { max: 20 } });
    for (let port = 1; port <= 20; port++) rig.establish({ sport: port });
    for (let port = 100; port < 130; port++) assert.equal(rig.tcp('>', 'S', { sport: port }), 'DROP');
    assert.equal(rig.log.length, 10);
    rig.wait(5);
    rig.tcp('>', 'S', { sport: 200 });
    assert.equal(rig.log.length, 11);
    assert.match(rig.tcp('>', 'A', { seq: 1001, ack: 5001, sport: 7 }), /^ESTABLISHED/);
  });

  it('grows with nf_conntrack_max and keeps what it has', () => {
    const rig = new Rig({ sysctls: { max: 10 } });
    for (let port = 1; port <= 10; port++) rig.establish({ sport: port });
    const before = rig.ct.list(4);
    rig.sysctls.set('net.netfilter.nf_conntrack_max', 5000);
    for (let port = 100; port < 1100; port++) rig.udp('>', port);
    assert.deepEqual(rig.ct.list(4).slice(0, 10), before);
    assert.equal(rig.ct.count, 1010);
    assert.match(rig.tcp('>', 'A', { seq: 1001, ack: 5001, sport: 7 }), /^ESTABLISHED \[ASSURED\]/);
  });
});

describe('conntrack: expectations and helpers', () => {
  const seen: number[] = [];
  const helper: CtHelper = {
    name: 'ftp',
    family: 4,
    proto: 6,
    port: 21,
    policies: [{ name: 'ftp', maxExpected: 1, timeoutUs: 300 * SECOND }],
    help: (_pkt, entry) => {
      seen.push(entry);
      return Verdict.ACCEPT;
    },
  };

  function control(rig: Rig): number {
    rig.ct.helpers.register(helper);
    const pkt = rig.tcpPacket('>', 'S', { seq: 1, dport: 21 });
    pkt.ct = rig.ct.template({ ...TEMPLATE, helper: 'ftp' });
    rig.ct.in(pkt, Hook.PREROUTING);
    rig.ct.helper(pkt, Hook.POSTROUTING);
    rig.ct.confirm(pkt, Hook.POSTROUTING);
    return pkt.ct;
  }

  function expect(rig: Rig, master: number, port: number): Expectation {
    const expectation = new Expectation(master, helper);
    const { tuple, mask } = expectation;
    tuple.proto = 6;
    tuple.src0 = 0x0a000002;
    tuple.dst0 = 0x0a000001;
    tuple.dstId = port;
    mask.src0 = -1;
    assert.equal(rig.ct.expect(expectation), Entered.OK);
    return expectation;
  }

  it('make an expected connection RELATED, once, with the mark of its master', () => {
    const rig = new Rig();
    const master = control(rig);
    assert.deepEqual(seen, [master]);
    assert.ok(rig.ct.status[master]! & CtStatus.HELPER);
    rig.ct.mark[master] = 9;
    expect(rig, master, 2049);
    assert.equal(
      rig.ct.listExpectations(4)[0],
      '300 proto=6 src=10.0.0.2 dst=10.0.0.1 sport=0 dport=2049 mask-src=255.255.255.255 mask-dst=255.255.255.255 ' +
        'sport=0 dport=65535 master-src=10.0.0.1 master-dst=10.0.0.2 sport=1025 dport=21 class=0 helper=ftp',
    );
    assert.match(rig.tcp('<', 'S', { seq: 1, dport: 20, sport: 2049 }), /^RELATED SYN_SENT/);
    assert.deepEqual(rig.ct.listExpectations(4), []);
    assert.match(rig.ct.list(4)[1]!, / sport=20 dport=2049 .* mark=9 use=1$/);
    assert.match(rig.ct.list(4)[0]!, / helper=ftp use=2$/);
  });

  it('go with their master and with their time, and the oldest makes room', () => {
    const rig = new Rig();
    const master = control(rig);
    expect(rig, master, 1);
    expect(rig, master, 2);
    assert.equal(rig.ct.listExpectations(4).length, 1);
    rig.wait(60);
    rig.ct.remove(master);
    assert.deepEqual(rig.ct.listExpectations(4), []);
    assert.match(rig.tcp('<', 'S', { seq: 1, dport: 20, sport: 2 }), /^NEW/);
  });
});

describe('conntrack: what becomes of expectations', () => {
  const helper: CtHelper = {
    name: 'sip',
    family: 4,
    proto: 6,
    port: 0,
    policies: [
      { name: 'one', maxExpected: 2, timeoutUs: 10 * SECOND },
      { name: 'two', maxExpected: 0, timeoutUs: 10 * SECOND },
    ],
    help: () => Verdict.ACCEPT,
  };

  function make(master: number, port: number, policyClass = 0, from = 0): Expectation & { went: string } {
    const expectation = Object.assign(new Expectation(master, helper, policyClass), { went: '' });
    expectation.listener = { used: () => undefined, gone: (_, why) => (expectation.went = why) };
    Object.assign(expectation.tuple, { proto: 17, src0: from, dst0: 0x0a000001, dstId: port });
    if (from !== 0) expectation.mask.src0 = -1;
    return expectation;
  }

  it('refuses what another would fit as well, and what is there for another purpose', () => {
    const rig = new Rig();
    rig.establish();
    assert.equal(rig.ct.expect(make(1, 5000, 0, 7)), Entered.OK);
    assert.equal(rig.ct.expect(make(1, 5000)), Entered.BUSY);
    assert.equal(rig.ct.expect(make(1, 5000, 0, 8)), Entered.OK);
    assert.equal(rig.ct.expect(make(1, 5000, 1, 8)), Entered.ALREADY);
    assert.equal(rig.ct.expect(make(2, 5000, 0, 7), true), Entered.ALREADY);
  });

  it('tells why each went', () => {
    const rig = new Rig();
    rig.establish();
    const first = make(1, 5000);
    const again = make(1, 5000);
    const [evicting, other, expiring] = [make(1, 5001), make(1, 5002), make(1, 5003, 1)];
    for (const one of [first, again, evicting, other, expiring]) assert.equal(rig.ct.expect(one), Entered.OK);
    assert.equal(first.went, Gone.REPLACED);
    assert.equal(again.went, Gone.EVICTED);
    rig.wait(11);
    assert.equal(rig.ct.expect(make(1, 5003, 1)), Entered.OK);
    assert.equal(expiring.went, Gone.EXPIRED);
    const last = make(1, 5004, 1);
    rig.ct.expect(last);
    rig.ct.remove(1);
    assert.equal(last.went, Gone.MASTER);
  });

  it('holds no more than nf_conntrack_expect_max, of which those that expired do not count', () => {
    const rig = new Rig({ sysctls: { expect_max: 2 } });
    rig.establish();
    for (const port of [1, 2]) assert.equal(rig.ct.expect(make(1, port, 1)), Entered.OK);
    assert.equal(rig.ct.expect(make(1, 3, 1)), Entered.REFUSED);
    rig.wait(11);
    assert.equal(rig.ct.expect(make(1, 3, 1)), Entered.OK);
  });
});

describe('conntrack: for address translation', () => {
  it('has all that the hooks and address translation ask of it', () => {
    const steps: ConntrackSteps = new Rig().ct;
    const table: NatConntrack = new Rig().ct;
    assert.equal(typeof steps.release, 'function');
    assert.ok(table.capacity >= 262144);
  });

  it('frees a reply tuple that a translated connection past its end holds, for a SYN beyond its numbers only', () => {
    const rig = new Rig();
    rig.establish();
    const entry = 1;
    const reply = new Tuple();
    rig.ct.readTuple(entry, 1, reply);
    rig.ct.status[entry]! |= CtStatus.SRC_NAT;
    rig.tcp('>', 'S', { sport: 2001, seq: 9000 });
    rig.tcp('>', 'S', { sport: 2002, seq: 7 });
    rig.tcp('>', 'A', { sport: 2003, seq: 9000 });
    const [later, earlier, middle] = [2, 3, 4] as const;
    assert.equal(rig.ct.evictClosing(reply, later), false, 'not past its end');
    rig.tcp('<', 'R', { seq: 5001 });
    assert.equal(rig.ct.evictClosing(reply, earlier), false);
    assert.equal(rig.ct.evictClosing(reply, middle), false);
    assert.equal(rig.ct.evictClosing(reply, later), true);
    assert.ok(rig.ct.list(4).every((line) => !line.includes('sport=1025')));
  });

  it('an unconfirmed entry takes another reply tuple, which is taken once it is confirmed', () => {
    const rig = new Rig();
    const pkt = rig.udpPacket('>');
    rig.ct.in(pkt, Hook.PREROUTING);
    const reply = new Tuple();
    rig.ct.readTuple(pkt.ct, 1, reply);
    reply.dst0 = 0xc0000201 | 0;
    reply.dstId = 4000;
    rig.ct.alterReply(pkt.ct, reply);
    const other = rig.udpPacket('>', 99);
    rig.ct.in(other, Hook.PREROUTING);
    assert.equal(rig.ct.taken(reply, other.ct), false);
    rig.ct.confirm(pkt, Hook.POSTROUTING);
    assert.equal(rig.ct.taken(reply, other.ct), true);
    assert.equal(rig.ct.taken(reply, pkt.ct), false);
    assert.match(rig.ct.list(4)[0]!, /\[UNREPLIED\] src=10\.0\.0\.2 dst=192\.0\.2\.1 sport=53 dport=4000 /);
  });

  it('onRemove hears of every entry once, confirmed or not', () => {
    const rig = new Rig();
    const gone: number[] = [];
    rig.ct.onRemove = (entry) => void gone.push(entry);
    rig.udp('>', 1);
    const dropped = rig.udpPacket('>', 2);
    rig.ct.in(dropped, Hook.PREROUTING);
    rig.ct.release(dropped);
    rig.ct.remove(1);
    rig.ct.remove(1);
    assert.deepEqual(gone, [2, 1]);
  });
});
