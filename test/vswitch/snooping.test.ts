import assert from 'node:assert/strict';
import { describeFrame } from '../../src/wire/describe.ts';
import * as build from '../../src/wire/build.ts';
import { bytesToHex, hexToBytes, readI32 } from '../../src/wire/bytes.ts';
import { checksum, pseudo6 } from '../../src/wire/checksum.ts';
import * as igmp from '../../src/wire/igmp.ts';
import { requireOrSkip } from '../support/require.ts';
import { askKernel, missingForBridges } from './kernel/ask-kernel.ts';
import { askSluice, type BridgeCase } from './kernel/bridge-case.ts';
import {
  dataFrame,
  dataFrame6,
  igmp3Frame,
  igmpFrame,
  mld2Frame,
  mldFrame,
  randomSnooping,
  randomSources,
} from './kernel/snooping-cases.ts';
import { Rig, station } from './rig.ts';

const QUERY = igmpFrame('020000000009', '10.0.0.1', igmp.QUERY, 1, '0.0.0.0');
const GROUP = '239.1.1.1';

function snooping(settings: object = {}, ports: object = { p1: {}, p2: {}, p3: {}, p4: {} }): Rig {
  return new Rig({ model: 'learning', mac: '02:00:00:00:00:fe', mcast_snooping: true, ports, ...settings });
}

/** Somebody asks on p1, and long enough ago to have been answered. */
function withQuerier(rig: Rig): Rig {
  rig.send('p1', QUERY);
  rig.wait(1);
  return rig;
}

/** A report of version 3 with one record: its kind and how many sources it lists. */
function version3(kind: number, sources: number): string {
  const message = new Uint8Array(16 + 4 * sources);
  message.set([igmp.V3_REPORT, 0, 0, 0, 0, 0, 0, 1, kind, 0, 0, sources, 239, 1, 1, 1]);
  const sum = checksum(message, 0, message.length, 0);
  message.set([sum >>> 8, sum & 0xff], 2);
  const plain = igmpFrame(station(2), '10.0.0.2', igmp.V2_REPORT, 0, '224.0.0.22');
  const header = hexToBytes(plain.slice(28, 68));
  header.set([0, 20 + message.length], 2);
  header.set([0, 0], 10);
  const headerSum = checksum(header, 0, 20, 0);
  header.set([headerSum >>> 8, headerSum & 0xff], 10);
  return plain.slice(0, 28) + bytesToHex(header) + bytesToHex(message);
}

describe('multicast snooping', () => {
  it('floods while nobody asks for members, whoever joined', () => {
    const rig = snooping();
    rig.send('p2', igmpFrame(station(2), '10.0.0.2', igmp.V2_REPORT, 0, GROUP));
    assert.deepEqual(rig.send('p3', dataFrame(station(3), GROUP)), ['p4', 'p2', 'p1', 'sw']);
  });

  it('sends a group to its members and to the querier, and one without members to the querier alone', () => {
    const rig = withQuerier(snooping());
    assert.deepEqual(rig.send('p2', igmpFrame(station(2), '10.0.0.2', igmp.V2_REPORT, 0, GROUP)), ['p1']);
    assert.deepEqual(rig.send('p3', dataFrame(station(3), GROUP)), ['p2', 'p1']);
    assert.deepEqual(rig.send('p3', dataFrame(station(3), '239.9.9.9')), ['p1']);
    assert.deepEqual(rig.send('p3', dataFrame(station(3), '224.0.0.251')), ['p4', 'p2', 'p1', 'sw']);
  });

  it('forgets members and queriers when their time is over', () => {
    const rig = withQuerier(snooping({ mcast_membership_interval: 20, mcast_querier_interval: 30 }));
    rig.send('p2', igmpFrame(station(2), '10.0.0.2', igmp.V2_REPORT, 0, GROUP));
    rig.wait(21);
    assert.deepEqual(rig.send('p3', dataFrame(station(3), GROUP)), ['p1']);
    rig.wait(9);
    assert.deepEqual(rig.send('p3', dataFrame(station(3), GROUP)), ['p4', 'p2', 'p1', 'sw']);
  });

  it('lets a member leave at once where fastleave says so', () => {
    const rig = withQuerier(snooping({}, { p1: {}, p2: { fastleave: true }, p3: {} }));
    rig.send('p2', igmpFrame(station(2), '10.0.0.2', igmp.V2_REPORT, 0, GROUP));
    rig.send('p2', igmpFrame(station(2), '10.0.0.2', igmp.LEAVE, 0, GROUP));
    assert.deepEqual(rig.send('p3', dataFrame(station(3), GROUP)), ['p1']);
  });

  it('takes the groups of version 3: any source joins, none leaves', () => {
    const rig = withQuerier(snooping({}, { p1: {}, p2: { fastleave: true }, p3: {} }));
    const members = () => rig.send('p3', dataFrame(station(3), GROUP));
    for (const [kind, sources, isMember] of [
      [igmp.Record.TO_EX, 0, true],
      [igmp.Record.TO_IN, 0, false],
      [igmp.Record.ALLOW, 1, true],
      [igmp.Record.BLOCK, 1, true],
      [igmp.Record.IS_IN, 0, false],
      [igmp.Record.IS_IN, 2, true],
    ] as const) {
      rig.send('p2', version3(kind, sources));
      assert.deepEqual(members(), isMember ? ['p2', 'p1'] : ['p1'], `record ${kind} with ${sources} sources`);
    }
  });

  it('asks itself where it is the querier, twice soon and then at the interval, and about a group that is left', () => {
    const rig = snooping({ mcast_querier: true });
    const asked = rig.waitFor(31.5).map((line) => describeFrame(hexToBytes(line.split(' ')[1]!)));
    assert.deepEqual(
      asked.filter((line) => line.startsWith('IP ')),
      Array(8).fill('IP 0.0.0.0 > 224.0.0.1: igmp query v2'),
    );
    assert.equal(asked.length, 16, 'and as many of MLD');
    assert.equal(rig.waitFor(124).length, 0);
    assert.equal(rig.waitFor(2).length, 8);
    rig.send('p2', igmpFrame(station(2), '10.0.0.2', igmp.V2_REPORT, 0, GROUP));
    const [question] = rig.sendWhole('p2', igmpFrame(station(2), '10.0.0.2', igmp.LEAVE, 0, GROUP));
    assert.match(
      describeFrame(hexToBytes(question!.split(' ')[1]!)),
      /0\.0\.0\.0 > 239\.1\.1\.1: igmp query v2/,
    );
    assert.deepEqual(rig.send('p3', dataFrame(station(3), GROUP)), ['p2'], 'there may be others');
    rig.wait(2.1);
    assert.deepEqual(rig.send('p3', dataFrame(station(3), GROUP)), []);
  });

  it('is silent while somebody else asks', () => {
    const rig = snooping({ mcast_querier: true });
    rig.waitFor(1);
    rig.send('p1', QUERY);
    const isIgmp = (line: string) => line.includes(' 01005e');
    assert.equal(rig.waitFor(200).filter(isIgmp).length, 0);
    // 255 seconds after the other was heard, it asks again, twice soon.
    assert.equal(rig.waitFor(56).filter(isIgmp).length, 4);
    assert.equal(rig.waitFor(31.25).filter(isIgmp).length, 4);
  });

  it('gives way to a querier of MLD with a lower address, and to no other', () => {
    const rig = snooping({ mcast_querier: true });
    rig.waitFor(200);
    const isMld = (line: string) => line.includes(' 3333');
    const query = (address: string) => {
      const plain = mldFrame(station(9), 130, '::');
      const source = bytesToHex(build.ip6Bytes(address));
      return withMldSum(plain.replace(bytesToHex(build.ip6Bytes('fe80::9')), source));
    };
    // The switch's own is fe80::ff:fe00:fe.
    rig.send('p1', query('fe80::1:0:0:9'));
    assert.notEqual(rig.waitFor(130).filter(isMld).length, 0, 'a higher one');
    rig.send('p1', query('fe80::9'));
    assert.equal(rig.waitFor(250).filter(isMld).length, 0);
  });

  it('asks in the words of the kernel’s bridge (Linux 6.18): MLD of both versions, IGMPv3', () => {
    const first = (settings: object, prefix: string) =>
      snooping({ mcast_querier: true, ...settings })
        .waitFor(1)
        .find((line) => line.startsWith(`p1 ${prefix}`));
    assert.equal(first({}, '3333'), `p1 ${KERNEL_MLD1}`);
    assert.equal(first({ mcast_mld_version: 2 }, '3333'), `p1 ${KERNEL_MLD2}`);
    assert.equal(first({ mcast_igmp_version: 3 }, '01005e'), `p1 ${KERNEL_IGMP3}`);
  });

  it('knows the sources that members want, where it is told to (IGMPv3, MLDv2)', () => {
    const rig = withQuerier(snooping({ mcast_igmp_version: 3, mcast_mld_version: 2 }));
    const reaches = (source: string) => rig.send('p3', dataFrame(station(3), GROUP, source)).includes('p2');
    const report = (kind: number, sources: string[]) =>
      rig.send('p2', igmp3Frame(station(2), '10.0.0.2', [{ kind, group: GROUP, sources }]));
    report(igmp.Record.ALLOW, ['10.1.0.1']);
    assert.deepEqual([reaches('10.1.0.1'), reaches('10.1.0.2')], [true, false]);
    report(igmp.Record.TO_EX, ['10.1.0.2']);
    assert.deepEqual([reaches('10.1.0.1'), reaches('10.1.0.2'), reaches('10.1.0.3')], [true, false, true]);
    report(igmp.Record.TO_IN, ['10.1.0.3']);
    rig.wait(2.1);
    assert.deepEqual([reaches('10.1.0.1'), reaches('10.1.0.3')], [false, true], 'the time to answer is over');
    rig.wait(200);
    rig.send('p1', QUERY);
    rig.wait(60);
    assert.equal(reaches('10.1.0.3'), false);

    const rig6 = snooping({ mcast_igmp_version: 3, mcast_mld_version: 2 });
    rig6.send('p1', mldFrame(station(9), 130, '::'));
    rig6.wait(1);
    rig6.send('p2', mld2Frame(station(2), 'fe80::2', [{ kind: 3, group: 'ff05::7', sources: ['fd00::1'] }]));
    const reaches6 = (source: string) =>
      rig6.send('p3', dataFrame6(station(3), 'ff05::7', source)).includes('p2');
    assert.deepEqual([reaches6('fd00::1'), reaches6('fd00::2')], [true, false]);
  });

  it('forgets what nobody behind a port refuses any more, where it is left at once (fastleave)', () => {
    const settings = { mcast_igmp_version: 3, mcast_mld_version: 2 };
    const rig = withQuerier(
      snooping({ ...settings, ports: { p1: {}, p2: { fastleave: true }, p3: {}, p4: {} } }),
    );
    const reaches = (source: string) => rig.send('p3', dataFrame(station(3), GROUP, source)).includes('p2');
    const report = (host: string, kind: number, sources: string[]) =>
      rig.send('p2', igmp3Frame(station(2), host, [{ kind, group: GROUP, sources }]));
    for (const host of ['10.0.0.2', '10.0.0.4']) report(host, igmp.Record.TO_EX, ['10.1.0.1', '10.1.0.2']);
    assert.deepEqual([reaches('10.1.0.1'), reaches('10.1.0.2')], [false, false]);
    report('10.0.0.2', igmp.Record.IS_IN, []);
    assert.deepEqual(
      [reaches('10.1.0.1'), reaches('10.1.0.2')],
      [false, false],
      'the other host refuses both',
    );
    report('10.0.0.4', igmp.Record.IS_IN, []);
    assert.deepEqual([reaches('10.1.0.1'), reaches('10.1.0.2')], [true, true]);
    report('10.0.0.4', igmp.Record.TO_IN, []);
    assert.equal(reaches('10.1.0.3'), false, 'the last has left');
  });

  it('asks for sources that a member leaves, as often as told, where it is the querier', () => {
    const rig = snooping({ mcast_querier: true, mcast_igmp_version: 3 });
    rig.waitFor(20);
    rig.send(
      'p2',
      igmp3Frame(station(2), '10.0.0.2', [{ kind: 5, group: GROUP, sources: ['10.1.0.1', '10.1.0.2'] }]),
    );
    const block = igmp3Frame(station(2), '10.0.0.2', [{ kind: 6, group: GROUP, sources: ['10.1.0.1'] }]);
    const asked = [...rig.sendWhole('p2', block), ...rig.waitFor(3)].filter((line) =>
      line.startsWith('p2 01005e010101'),
    );
    assert.equal(asked.length, 2);
    assert.match(asked[0]!, /ef0101010[0-9a-f]7d00010a010001$/);
    const reaches = (source: string) => rig.send('p3', dataFrame(station(3), GROUP, source)).includes('p2');
    assert.deepEqual([reaches('10.1.0.1'), reaches('10.1.0.2')], [false, true]);
  });

  it('keeps no more than 32 sources of a group behind a port', () => {
    const rig = withQuerier(snooping({ mcast_igmp_version: 3 }));
    const sources = Array.from({ length: 50 }, (_, n) => `10.2.0.${n + 1}`);
    rig.send('p2', igmp3Frame(station(2), '10.0.0.2', [{ kind: 5, group: GROUP, sources }]));
    const reached = sources.filter((one) => rig.send('p3', dataFrame(station(3), GROUP, one)).includes('p2'));
    assert.equal(reached.length, 32);
  });

  it('drops messages with a wrong checksum, and takes no more groups than its limit', () => {
    const rig = withQuerier(snooping({ mcast_hash_max: 10 }));
    const report = igmpFrame(station(2), '10.0.0.2', igmp.V2_REPORT, 0, GROUP);
    assert.deepEqual(rig.send('p2', `${report.slice(0, -1)}e`), []);
    assert.equal(rig.reason, 'SWITCH_GROUP');
    for (let n = 0; n < 50; n++)
      rig.send('p2', igmpFrame(station(2), '10.0.0.2', igmp.V2_REPORT, 0, `239.1.2.${n}`));
    const reached = Array.from({ length: 50 }, (_, n) =>
      rig.send('p3', dataFrame(station(3), `239.1.2.${n}`)),
    );
    assert.equal(reached.filter((ports) => ports.includes('p2')).length, 10);
  });
});

/** What the kernel's bridge 02:00:00:00:00:fe sent, with its times as they are. */
const KERNEL_MLD1 =
  '3333000000010200000000fe86dd6000000000200001fe80000000000000000000fffe0000feff0200000000000000000000000000013a000502000000008200591a2710000000000000000000000000000000000000';
const KERNEL_MLD2 =
  '3333000000010200000000fe86dd6000000000240001fe80000000000000000000fffe0000feff0200000000000000000000000000013a00050200000000820056992710000000000000000000000000000000000000027d0000';
const KERNEL_IGMP3 =
  '01005e0000010200000000fe080046c00024000040000102041300000000e0000001940400001164ec1e00000000027d0000';

/** With the checksum that the message has now. */
function withMldSum(hex: string): string {
  const bytes = hexToBytes(hex);
  bytes.set([0, 0], 64);
  const words = (at: number) => [0, 4, 8, 12].map((offset) => readI32(bytes, at + offset));
  const [s0, s1, s2, s3] = words(22) as [number, number, number, number];
  const [d0, d1, d2, d3] = words(38) as [number, number, number, number];
  const sum = checksum(
    bytes,
    62,
    bytes.length,
    pseudo6(s0, s1, s2, s3, d0, d1, d2, d3, 58, bytes.length - 62),
  );
  bytes.set([sum >>> 8, sum & 0xff], 64);
  return bytesToHex(bytes);
}

describe('multicast snooping beside the Linux bridge', function () {
  this.timeout(120_000);

  before(function () {
    const missing = missingForBridges();
    requireOrSkip(this, missing ?? '', missing === null);
  });

  it('sends groups to the same ports, IGMP and MLD, with messages damaged now and then', () => {
    compare(Array.from({ length: 20 }, (_, i) => randomSnooping(i + 1)));
  });

  it('sends groups to those who want them from that source: IGMPv3 and MLDv2, by either version', () => {
    compare(Array.from({ length: 8 }, (_, i) => randomSources(i + 1)));
  });

  it('forgets members and sources at once behind ports with fastleave, as soon as no host names them', () => {
    compare([2, 16, 30, 36].map((seed) => randomSources(seed, 100)));
  });

  function compare(cases: readonly BridgeCase[]): void {
    const answers = askKernel(cases);
    const sorted = (out: readonly (readonly [string, string])[]) => out.map((one) => one.join(' ')).sort();
    cases.forEach((question, i) => {
      const sluice = askSluice(question);
      question.steps.forEach((step, n) => {
        // While time passes, the kernel's own stack reports the groups that it has joined.
        if ('wait' in step) return;
        const where = `${question.name}, step ${n + 1}: ${JSON.stringify(step)}`;
        assert.deepEqual(sorted(sluice.out[n]!), sorted(answers[i]!.out[n]!), where);
      });
    });
  }
});
