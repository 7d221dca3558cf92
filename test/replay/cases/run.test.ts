import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { SluiceError } from '../../../src/base/errors.ts';
import { CaptureError, openCapture } from '../../../src/capture/index.ts';
import { explainFailure } from '../../../src/replay/cases/index.ts';
import { runCaseFile } from '../../../src/replay/cases/run.ts';
import { firstDifference, sideBySide } from '../../../src/replay/cases/side-by-side.ts';
import { ethernet, frame, ipv4, tcp } from '../../../src/wire/build.ts';
import { DNS, outcome, START_US, SYN } from '../report/outcomes.ts';
import { caseText, fakeEnvironment, folder, found, run, type Replayed } from './support.ts';

const TWO: Replayed = {
  packets: [
    outcome({ n: 1 }),
    outcome({ n: 2, frame: DNS, verdict: 'DROP', out: [], rule: 'filter:FORWARD:2' }),
  ],
};

function message(expect: string, replayed: Replayed = TWO): string {
  const { status, failures } = run(expect, replayed);
  return status === 'passed' ? 'passed' : (failures[0]?.message ?? '');
}

describe('what an expectation speaks of', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['{ packet: 1, verdict: ACCEPT }', 'passed'],
    ['{ packet: 2, verdict: ACCEPT }', 'differs'],
    ['{ packet: 1-2, verdict: ACCEPT }', '1 of 2 packets differ'],
    ['{ packets: [1, 2], out: eth1 }', '1 of 2 packets differ'],
    ['{ packet: 7, verdict: ACCEPT }', 'there is no packet 7: 2 packets came in'],
    ['{ all: {}, verdict: [ACCEPT, DROP] }', 'passed'],
    ['{ all: { dport: 53 }, verdict: DROP }', 'passed'],
    ['{ all: {}, verdict: DROP }', '1 of 2 packets differ'],
    ['{ all: { dport: 99 }, verdict: DROP }', 'the filter takes no packet, so this proves nothing'],
    ['{ any: {}, verdict: DROP }', 'passed'],
    ['{ any: { dport: 80 } }', 'passed'],
    ['{ any: {}, verdict: QUEUE }', 'none of 2 packets is as expected'],
    ['{ any: { dport: 99 } }', 'the filter takes no packet'],
    ['{ none: {}, verdict: QUEUE }', 'passed'],
    ['{ none: {}, verdict: DROP }', '1 packet is what none may be'],
    ['{ none: { dport: [53, 80] } }', 'the filter takes 2 packets'],
    ['{ count: 2 }', 'passed'],
    ['{ count: 1, verdict: DROP }', 'passed'],
    ['{ count: at least 2, where: { proto: udp } }', 'expected at least 2, found 1 of 1 packet'],
    ['{ count: 0, verdict: DROP }', 'expected 0, found 1 of 2 packets'],
  ];
  for (const [expectation, answer] of rows) {
    it(`${expectation}: ${answer}`, () => assert.equal(message(`  - ${expectation}`), answer));
  }

  it('shows the first packets and counts the others', () => {
    const packets = Array.from({ length: 9 }, (_, i) => outcome({ n: i + 1 }));
    const [failure] = run('  - { all: {}, verdict: DROP }', { packets }).failures;
    assert.deepEqual(
      failure?.packets.map((one) => one.outcome.n),
      [1, 2, 3],
    );
    assert.equal(failure?.more, 6);
  });
});

describe('running a case', () => {
  const trace = [
    {
      at: 'filter:FORWARD:rule:1',
      text: '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT',
      place: 'firewall.rules:5',
    },
  ];

  it('asks for traces only when something failed or needs them', () => {
    const traced = (expect: string) => {
      const environment = fakeEnvironment({ packets: [outcome({ trace })] });
      runCaseFile(path.join(folder({ 't.case.yaml': caseText(expect) }), 't.case.yaml'), environment);
      return environment.asked.map(({ listener }) => listener.trace);
    };
    assert.deepEqual(traced('  - { packet: 1, verdict: ACCEPT }'), [false]);
    assert.deepEqual(traced('  - { packet: 1, passes: filter:FORWARD:1 }'), [true]);
    assert.deepEqual(traced('  - { packet: 1, verdict: DROP }'), [false, true]);
  });

  it('explains a failure: packet, difference, way taken, and why the expected rule did not decide', () => {
    const packets = [outcome({ trace, rule: 'filter:FORWARD:1' })];
    const { failures } = run('  - packet: 1\n    verdict: DROP\n    rule: filter:FORWARD:3', { packets });
    const lines = explainFailure(failures[0]!).map((line) => line.replace(/^\S*t\.case/, 't.case'));
    assert.deepEqual(lines, [
      't.case.yaml:4:5: packet 1: differs',
      '  packet 1  eth0  IP 10.254.0.2.51000 > 10.253.0.2.80: Flags [S], seq 1000, win 64240, length 0',
      '    verdict: expected DROP, found ACCEPT',
      '    rule: expected filter:FORWARD:3, found filter:FORWARD:1',
      '    expected way: filter:FORWARD:3  rules/firewall.rules:7  -j DROP  (not asked: filter:FORWARD:1 stands before it)',
      '    actual way: ACCEPT, forwarded, filter:FORWARD:1; out: eth1',
      '      filter:FORWARD:1  firewall.rules:5  -A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT',
    ]);
  });

  it('says of an expected rule that it was asked, or that its chain was not entered', () => {
    const why = (at: string) => {
      const packets = [
        outcome({ rule: 'filter:FORWARD:3', trace: at === '' ? [] : [{ at, text: '', place: '' }] }),
      ];
      const [failure] = run('  - { packet: 1, rule: filter:FORWARD:2 }', { packets }).failures;
      return /\(([^()]*)\)$/.exec(failure!.packets[0]!.expectedPath[0]!)?.[1];
    };
    assert.equal(why('filter:FORWARD:rule:3'), 'asked, and did not match');
    assert.equal(why('filter:FORWARD:rule:2'), 'it matched, and did not decide');
    assert.equal(why(''), 'its chain was not entered, or nothing in it matched');
  });

  it('escapes what a terminal would obey', () => {
    const packets = [outcome({ log: ['\u001b[2J'] })];
    const { failures } = run('  - { packet: 1, log: "\\e[31m" }', { packets });

    assert.doesNotMatch(explainFailure(failures[0]!).join(''), /[\x00-\x1f]/);
  });

  it('calls a rule that does not exist a mistake of the case, not a failure', () => {
    const rows: readonly (readonly [string, string])[] = [
      ['filter:FORWRAD:1', 'table filter has no chain FORWRAD (did you mean "FORWARD"?)'],
      ['filter:FORWARD:4', 'filter:FORWARD has 3 rules, not 4'],
      ['nat:PREROUTING:1', 'the rules have no table nat'],
    ];
    for (const [rule, answer] of rows) {
      const { status, errors } = run(`  - packet: 1\n    rule: ${rule}`, TWO);
      assert.equal(status, 'error');
      assert.deepEqual(
        errors.map(({ message, place }) => [message, place.line]),
        [[answer, 5]],
      );
      assert.equal(found(`  - totals: { counters: { ${rule}: 1 } }`, TWO), answer);
    }
  });

  it('refuses a capture that ends early, unless the case accepts that', () => {
    const cut = new CaptureError('CAPTURE_CUT', 'ends in the middle of a packet', 'a.pcap', 99);
    const replayed = { ...TWO, summary: { truncated: [cut] } };
    assert.deepEqual(run('  - { count: 2 }', replayed).errors, [cut]);
    const file = path.join(
      folder({ 't.case.yaml': caseText('  - { count: 2 }', 'cutCaptures: accept\n') }),
      't.case.yaml',
    );
    assert.equal(runCaseFile(file, fakeEnvironment(replayed)).status, 'passed');
  });

  it('reports what the replay complains of, and a gateway in the case with the line of its key', () => {
    const error = new SluiceError('GATEWAY', 'interfaces: none', {});
    const text = caseText('  - { count: 2 }', 'gateway: { interfaces: {} }\n');
    const file = path.join(folder({ 't.case.yaml': text }), 't.case.yaml');
    const { status, errors } = runCaseFile(file, fakeEnvironment({ error }));
    assert.equal(status, 'error');
    assert.deepEqual(errors[0]?.place, { file, line: 3, column: 1 });
  });

  it('does not hide a defect', () => {
    const environment = { now: () => 0, replay: () => assert.fail('broken') };
    const file = path.join(folder({ 't.case.yaml': caseText('  - { count: 2 }') }), 't.case.yaml');
    assert.throws(() => runCaseFile(file, environment), /broken/);
  });
});

describe('goldens', () => {
  const GOLDEN = '  - golden: x.pcapng\n  - goldenJson: x.jsonl';
  const sent = (last: Uint8Array): Replayed => ({
    packets: [outcome({ n: 1 }), outcome({ n: 2, out: [{ iface: 'eth0', frame: last }] })],
    timers: [{ timeUs: START_US + 9, out: [{ iface: 'eth1', frame: DNS }], log: [] }],
  });
  const other = frame(
    ethernet({ src: '02:00:00:00:01:01', dst: '02:00:00:00:00:01' }),
    ipv4({ src: '10.254.0.2', dst: '10.253.0.2', ttl: 63 }),
    tcp({ srcPort: 51000, dstPort: 80, seq: 1000, flags: 0x02, window: 64240 }),
  );

  const caseIn =
    (where: string) =>
    (replayed: Replayed, update = false) =>
      runCaseFile(path.join(where, 't.case.yaml'), fakeEnvironment(replayed), { update });

  it('fail until they exist, are written by update, and pass from then on', () => {
    const where = folder({ 't.case.yaml': caseText(GOLDEN) });
    const go = caseIn(where);
    const before = go(sent(SYN));
    assert.deepEqual(
      before.failures.map(({ message }) => path.basename(message)),
      ['x.pcapng does not exist; --update writes it', 'x.jsonl does not exist; --update writes it'],
    );
    const updated = go(sent(SYN), true);
    assert.equal(updated.status, 'passed');
    assert.deepEqual(
      updated.updated.map((file) => path.basename(file)),
      ['x.pcapng', 'x.jsonl'],
    );
    assert.equal(go(sent(SYN)).status, 'passed');
    // Nothing differs: nothing is written.
    const times = () =>
      ['x.pcapng', 'x.jsonl'].map((name) => fs.statSync(path.join(where, name), { bigint: true }).mtimeNs);
    const old = times();
    assert.deepEqual(go(sent(SYN), true).updated, []);
    assert.deepEqual(times(), old);
  });

  it('show the first difference, decoded side by side with a mark', () => {
    const go = caseIn(folder({ 't.case.yaml': caseText(GOLDEN) }));
    go(sent(SYN), true);
    const { failures } = go(sent(other));
    assert.equal(failures[0]?.message, 'eth0, frame 1, sent because of packet 2: differs at byte 22');
    assert.deepEqual(failures[0]?.details, sideBySide(SYN, other));
    assert.equal(failures[1]?.message, 'line 2 differs in out');
  });

  it('say which frames are missing or too many', () => {
    const go = caseIn(folder({ 't.case.yaml': caseText('  - golden: x.pcapng') }));
    go(sent(SYN), true);
    const { timers: _timers, ...fewer } = sent(SYN);
    assert.equal(
      go(fewer).failures[0]?.message,
      'eth1, frame 2: expected, not sent (2 frames expected, 1 sent)',
    );
    const more: Replayed = { ...sent(SYN), timers: [...sent(SYN).timers!, ...sent(SYN).timers!] };
    assert.equal(
      go(more).failures[0]?.message,
      'eth1, frame 3, sent by a timer: not expected (2 frames expected, 3 sent)',
    );
  });

  it('are captures that name their interfaces', () => {
    const where = folder({ 't.case.yaml': caseText('  - golden: x.pcapng') });
    caseIn(where)(sent(SYN), true);
    const reader = openCapture(path.join(where, 'x.pcapng'));
    const seen: string[] = [];
    while (reader.next()) seen.push(reader.interfaces[reader.record.interfaceId]!.name);
    reader.close();
    assert.deepEqual(seen, ['eth1', 'eth0', 'eth1']);
  });

  it('that are no captures are an error of the case', () => {
    const where = folder({ 't.case.yaml': caseText('  - golden: x.pcapng'), 'x.pcapng': 'no capture' });
    const { status, errors } = caseIn(where)(sent(SYN));
    assert.equal(status, 'error');
    assert.equal(errors[0]?.code, 'CAPTURE_FORMAT');
  });

  it('compare to the last byte', () => {
    assert.equal(firstDifference(SYN, SYN), -1);
    assert.equal(firstDifference(SYN, SYN.subarray(0, 20)), 20);
    const lines = sideBySide(SYN, other);
    assert.match(lines[0]!, /^expected {2}IP 10\.254\.0\.2\.51000 > .* \(54 bytes\)$/);
    assert.match(lines.at(-1)!, /^ +\^\^ byte 22, TTL$/);
    assert.equal(lines.at(-1)!.indexOf('^^'), lines[2]!.indexOf('40 06'));
    assert.deepEqual(sideBySide(null, SYN)[0], 'expected  no frame');
  });
});
