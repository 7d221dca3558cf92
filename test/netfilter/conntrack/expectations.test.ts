import assert from 'node:assert/strict';
import { CtStatus } from '../../../src/netfilter/conntrack/ct-info.ts';
import { Entered, Expectation, Gone } from '../../../src/netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../../src/netfilter/conntrack/helpers.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import { Rig, SECOND, TEMPLATE } from './support.ts';

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
