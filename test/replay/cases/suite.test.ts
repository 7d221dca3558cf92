import assert from 'node:assert/strict';
import * as path from 'node:path';
import { parse } from 'yaml';
import {
  findCases,
  listCases,
  makeReporter,
  runSuite,
  type ReporterName,
} from '../../../src/replay/cases/index.ts';
import { escapeXml } from '../../../src/replay/cases/reporters/junit.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { StringOutput } from '../../../src/replay/report/index.ts';
import { outcome } from '../report/outcomes.ts';
import { caseText, fakeEnvironment, folder } from './support.ts';

const PASSES = caseText('  - { packet: 1, verdict: ACCEPT }').replace('name: t', 'name: Passes');
const FAILS = caseText('  - { packet: 1, verdict: DROP }').replace('name: t', 'name: "Fails # <&> 1"');
const below = (text: string) => text.replace('a.pcap', '../a.pcap');
const BROKEN = caseText('  - { packet: 1, verdict: DORP }').replace('name: t', 'name: Broken');

function names(where: string, files: readonly string[]): string[] {
  return files.map((file) => path.relative(where, file));
}

describe('finding cases', () => {
  const where = folder({
    'b.case.yaml': PASSES,
    'a/z.case.yaml': below(FAILS),
    'a/notes.yaml': 'x: 1',
    'B/c.case.yaml': below(PASSES),
    'node_modules/m.case.yaml': PASSES,
    '.hidden/h.case.yaml': PASSES,
  });

  it('searches folders, in one order, without node_modules and hidden folders', () => {
    assert.deepEqual(names(where, findCases([where])), ['B/c.case.yaml', 'a/z.case.yaml', 'b.case.yaml']);
  });

  it('takes files by any name, each case once', () => {
    const notes = path.join(where, 'a/notes.yaml');
    assert.deepEqual(names(where, findCases([notes, path.join(where, 'a'), where])), [
      'a/notes.yaml',
      'a/z.case.yaml',
      'B/c.case.yaml',
      'b.case.yaml',
    ]);
  });

  it('refuses a folder without cases and a path that is not there', () => {
    const message = (error: unknown) => (error instanceof SluiceError ? error.message : '');
    const empty = folder();
    assert.throws(
      () => findCases([where, empty]),
      (e) => /no case files/.test(message(e)),
    );
    assert.throws(
      () => findCases([path.join(where, 'no')]),
      (e) => message(e) === 'no such file or directory',
    );
  });

  it('filters by name and by path, capitals apart, or by expression', () => {
    const chosen = (filter: string) =>
      names(
        where,
        listCases({ paths: [where], filter }).map(({ file }) => file),
      );
    assert.deepEqual(chosen('FAILS'), ['a/z.case.yaml']);
    assert.deepEqual(chosen('b.case'), ['b.case.yaml']);
    assert.deepEqual(chosen('/^Pass/'), ['B/c.case.yaml', 'b.case.yaml']);
    assert.throws(() => chosen('nothing'), /none of 3 cases has "nothing"/);
    assert.throws(() => chosen('/(/'), /Invalid regular expression/);
  });
});

describe('reporters', () => {
  const where = folder({ '1.case.yaml': PASSES, '2.case.yaml': FAILS, '3.case.yaml': BROKEN });

  function report(name: ReporterName, options: { bail?: boolean; color?: boolean } = {}): string {
    const out = new StringOutput();
    const cases = listCases({ paths: [where] });
    const reporter = makeReporter(name, out, options.color ?? false);
    runSuite(cases, { bail: options.bail }, reporter, fakeEnvironment({ packets: [outcome()] }));
    return out.text.replaceAll(where, '.');
  }

  it('human: a line a case, what did not hold, a count', () => {
    assert.equal(
      report('human'),
      `ok    Passes  ./1.case.yaml
FAIL  Fails # <&> 1  ./2.case.yaml
      ./2.case.yaml:4:5: packet 1: differs
        packet 1  eth0  IP 10.254.0.2.51000 > 10.253.0.2.80: Flags [S], seq 1000, win 64240, length 0
          verdict: expected DROP, found ACCEPT
          actual way: ACCEPT, forwarded, filter:FORWARD:3; out: eth1
ERR   ./3.case.yaml
      ./3.case.yaml:4:27: unknown word "DORP" (did you mean "DROP"?)

1 passed, 1 failed, 1 could not be run (0.00 s)
`,
    );
  });

  it('human: in colours, with the same text', () => {
    const colored = report('human', { color: true });

    assert.equal(colored.replace(/\x1b\[\d+m/g, ''), report('human'));
    assert.notEqual(colored, report('human'));
  });

  it('human: says how many were not run after --bail', () => {
    assert.match(report('human', { bail: true }), /\n1 passed, 1 failed, 1 not run \(0\.00 s\)\n$/);
  });

  it('tap: version 14, with YAML blocks that can be read', () => {
    const lines = report('tap').split('\n');
    assert.deepEqual(
      lines.filter((line) => /^\S/.test(line)),
      [
        'TAP version 14',
        '1..3',
        'ok 1 - Passes',
        'not ok 2 - Fails \\# <&> 1',
        'not ok 3 - ./3.case.yaml',
        '# passed 1',
        '# failed 1',
        '# could not be run 1',
      ],
    );
    const [first, second] = report('tap')
      .split(/^ {2}---$/m)
      .slice(1)
      .map((block) => parse(block.slice(0, block.indexOf('\n  ...'))) as Record<string, unknown>);
    assert.equal(first?.['message'], 'packet 1: differs');
    assert.equal(first?.['severity'], 'fail');
    assert.deepEqual(first?.['at'], { file: './2.case.yaml', line: 4, column: 5 });
    assert.match(String((first?.['failures'] as string[])[0]), /verdict: expected DROP, found ACCEPT/);
    assert.equal(second?.['severity'], 'error');
  });

  it('tap: bails out', () => {
    assert.match(report('tap', { bail: true }), /^Bail out! /m);
  });

  it('junit: well-formed, with counts, failures and errors', () => {
    const xml = report('junit');
    assert.match(
      xml,
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="sluice" tests="3" failures="1" errors="1" skipped="0" time="0\.000">\n/,
    );
    assert.match(
      xml,
      /<testcase name="Fails # &lt;&amp;&gt; 1" classname="\.\/2\.case\.yaml" file="\.\/2\.case\.yaml" time="0\.000">/,
    );
    assert.match(
      xml,
      /<failure message="packet 1: differs" type="expectation">[^<]*verdict: expected DROP, found ACCEPT\n/,
    );
    assert.match(
      xml,
      /<error message="unknown word &quot;DORP&quot; \(did you mean &quot;DROP&quot;\?\)" type="CASE_FILE">/,
    );
    assertWellFormed(xml);
  });

  it('junit: keeps characters out that XML does not have', () => {
    assert.equal(escapeXml('a\u0000\u001b<\ud800>&"\ufffe\u{1f600}'), 'a??&lt;?&gt;&amp;&quot;?\u{1f600}');
  });

  it('json: an object a line', () => {
    const [first, second, third, end] = report('json')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(first, {
      type: 'case',
      file: './1.case.yaml',
      name: 'Passes',
      status: 'passed',
      frames: 1,
      durationMs: 0,
      failures: [],
      errors: [],
      updated: [],
    });
    const [failure] = second?.['failures'] as Record<string, unknown>[];
    assert.equal(failure?.['place'], './2.case.yaml:4:5');
    const [packet] = failure?.['packets'] as Record<string, unknown>[];
    assert.deepEqual(packet?.['differences'], [
      { name: 'verdict', expected: 'DROP', actual: 'ACCEPT', place: './2.case.yaml:4:18' },
    ]);
    assert.deepEqual(third?.['errors'], [
      {
        code: 'CASE_FILE',
        message: 'unknown word "DORP" (did you mean "DROP"?)',
        place: './3.case.yaml:4:27',
      },
    ]);
    assert.deepEqual(end, {
      type: 'end',
      passed: 1,
      failed: 1,
      errors: 1,
      notRun: 0,
      updated: [],
      durationMs: 0,
    });
  });
});

/** Tags nest, attributes are quoted, and no bare `<` or `&` is left. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const body = xml.replace(/^<\?[^?]*\?>/, '');
  const tag = /<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g;
  const text = body.replace(tag, (_all, closes: string, name: string, _attributes, empty: string) => {
    if (closes === '/') assert.equal(open.pop(), name);
    else if (empty === '') open.push(name);
    return '';
  });
  assert.deepEqual(open, []);
  assert.doesNotMatch(text, /<|&(?!(?:amp|lt|gt|quot|#\d+);)/);
}
