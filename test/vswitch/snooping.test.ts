import assert from 'node:assert/strict';
import { describeFrame } from '../../src/wire/describe.ts';
import { bytesToHex, hexToBytes } from '../../src/wire/bytes.ts';
import { checksum } from '../../src/wire/checksum.ts';
import * as igmp from '../../src/wire/igmp.ts';
import { requireOrSkip } from '../support/require.ts';
import { askKernel, missingForBridges } from './kernel/ask-kernel.ts';
import { askSluice } from './kernel/bridge-case.ts';
import { dataFrame, igmpFrame, randomSnooping } from './kernel/snooping-cases.ts';
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
    assert.deepEqual(asked, Array(8).fill('IP 0.0.0.0 > 224.0.0.1: igmp query v2'));
    assert.equal(rig.waitFor(124).length, 0);
    assert.equal(rig.waitFor(2).length, 4);
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
    assert.equal(rig.waitFor(200).length, 0);
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

describe('multicast snooping beside the Linux bridge', function () {
  this.timeout(120_000);

  before(function () {
    const missing = missingForBridges();
    requireOrSkip(this, missing ?? '', missing === null);
  });

  it('sends groups to the same ports, IGMP and MLD, with messages damaged now and then', () => {
    const cases = Array.from({ length: 20 }, (_, i) => randomSnooping(i + 1));
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
  });
});
