import assert from 'node:assert/strict';
import { CtInfo, CtStatus } from '../../../src/netfilter/conntrack/ct-info.ts';
import { Tuple } from '../../../src/netfilter/conntrack/tuple.ts';
import type { ConntrackSteps } from '../../../src/netfilter/hook-steps.ts';
import type { NatConntrack } from '../../../src/netfilter/nat/conntrack-side.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import { attachTo } from '../../../src/stack/attach.ts';
import { Rig, SECOND, stateOf, TEMPLATE } from './support.ts';

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
