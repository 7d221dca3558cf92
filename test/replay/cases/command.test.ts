/** `sluice test` from the words of the command line to the exit status, on real replays. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { StringOutput } from '../../../src/replay/report/index.ts';
import { folder } from './support.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HTTP = path.join(ROOT, 'pcaps/http.pcap');
const RULES = path.join(ROOT, 'examples/nat-gateway/firewall.rules');

async function sluice(...words: string[]) {
  // Commands load their work by import(); loaded the same way, the program knows their errors by their class.
  const { runProgram } = await import('../../../src/cli/program.ts');
  const out = new StringOutput();
  const err = new StringOutput();
  const io = { out, err, outIsTerminal: false, errIsTerminal: false, columns: 0, env: {} };
  const status = await runProgram(['test', ...words], io);
  return { status, out: out.text, err: err.text };
}

/** With short paths, as people see them. */
async function inFolder<T>(where: string, action: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(where);
  try {
    return await action();
  } finally {
    process.chdir(before);
  }
}

/** A case on HTTP through the NAT gateway of the examples. */
function browsing(where: string, expect: string): string {
  const link = (file: string) => path.relative(where, file);
  return `name: browsing\ncaptures: ${link(HTTP)}\ninside: 10.254.0.0/24\nrules: ${link(RULES)}\nexpect:\n${expect}\n`;
}

function cases(expectations: Readonly<Record<string, string>>): string {
  const where = folder();
  for (const [name, expect] of Object.entries(expectations)) {
    fs.writeFileSync(path.join(where, `${name}.case.yaml`), browsing(where, expect));
  }
  return where;
}

const HOLDS = '  - { all: { dport: 80 }, verdict: ACCEPT, out: eth1 }';
const FAILS = '  - { all: { dport: 80 }, verdict: DROP, out: eth1 }';

describe('sluice test', () => {
  it('ends with 0 when all cases pass', async () => {
    const where = cases({ a: HOLDS });
    const { status, out, err } = await sluice(where);
    assert.match(out, /^ok {4}browsing {2}.*a\.case\.yaml\n\n1 passed \(/);
    assert.deepEqual([status, err], [0, '']);
  });

  it('ends with 1 when a case failed, and runs the others', async () => {
    const { status, out } = await sluice(cases({ a: FAILS, b: HOLDS }));
    assert.equal(status, 1);
    assert.match(out, /\n1 passed, 1 failed \(/);
  });

  it('ends with 2 when a case cannot be run, also beside one that failed', async () => {
    const { status, out } = await sluice(cases({ a: FAILS, b: '  - { packet: 1, verdict: DORP }' }));
    assert.equal(status, 2);
    assert.match(out, /b\.case\.yaml:6:27: unknown word "DORP" \(did you mean "DROP"\?\)/);
  });

  it('ends with 2 in a folder without cases', async () => {
    const { status, err } = await sluice(folder());
    assert.equal(status, 2);
    assert.match(err, /^sluice: .*: no case files in it \(their names end in \.case\.yaml\)\n$/);
  });

  it('stops at the first failure with --bail', async () => {
    const { status, out } = await sluice(cases({ a: FAILS, b: HOLDS }), '--bail');
    assert.equal(status, 1);
    assert.match(out, /0 passed, 1 failed, 1 not run/);
  });

  it('lists and filters', async () => {
    const where = cases({ one: FAILS, two: HOLDS });
    assert.deepEqual(await sluice(where, '--list', '--filter', 'TWO'), {
      status: 0,
      out: `browsing  ${path.join(where, 'two.case.yaml')}\n`,
      err: '',
    });
    assert.equal((await sluice(where, '--filter', 'two')).status, 0);
  });

  it('writes goldens of real replays, which then pass, and shows what differs from others', async () => {
    const where = cases({ a: '  - golden: a.pcapng\n  - goldenJson: a.jsonl' });
    assert.equal((await sluice(where)).status, 1);
    const updated = await sluice(where, '--update');
    assert.equal(updated.status, 0);
    assert.match(updated.out, /updated .*a\.pcapng\n.*updated .*a\.jsonl\n/);
    assert.match(updated.out, /2 golden files updated/);
    const again = await sluice(where, '--update');
    assert.doesNotMatch(again.out, /updated/);
    const file = path.join(where, 'a.case.yaml');
    const text = fs.readFileSync(file, 'utf8').replace('inside:', 'seed: 5\noutsideInterface: wan0\ninside:');
    fs.writeFileSync(file, text);
    assert.match(
      (await sluice(where)).out,
      /a\.case\.yaml:8:5: golden a\.pcapng: eth1, frame 1: expected, not sent/,
    );
  });

  it('writes a report to a file, and none when there are no cases', async () => {
    const where = cases({ a: HOLDS });
    const report = path.join(where, 'report.xml');
    fs.writeFileSync(report, 'old');
    assert.equal((await sluice(folder(), '--reporter', 'junit', '-o', report)).status, 2);
    assert.equal(fs.readFileSync(report, 'utf8'), 'old');
    const { out } = await sluice(where, '--reporter', 'junit', '-o', report);
    assert.equal(out, '');
    assert.match(fs.readFileSync(report, 'utf8'), /<testcase name="browsing"/);
  });

  it('is as docs/regression-tests.md shows it', async () => {
    const where = folder({ 'firewall.rules': fs.readFileSync(RULES, 'utf8') });
    fs.copyFileSync(HTTP, path.join(where, 'http.pcap'));
    const doc = fs.readFileSync(path.join(ROOT, 'docs/regression-tests.md'), 'utf8');
    const blocks = [...doc.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => ({
      language,
      text: text!,
    }));
    const yaml = blocks.find(({ language }) => language === 'yaml')!.text;
    const shown = blocks.find(({ text }) => text.startsWith('FAIL'))!.text;
    const file = path.join(where, 'browsing.case.yaml');
    fs.writeFileSync(file, yaml);
    assert.equal((await sluice(file)).status, 0);
    fs.writeFileSync(file, yaml.replace('verdict: ACCEPT', 'verdict: DROP'));
    const said = (await inFolder(where, () => sluice('browsing.case.yaml'))).out.split('\n');
    for (const line of shown.split('\n').filter((one) => one.trim() !== '…')) {
      assert.ok(said.includes(line) || /\(\d+\.\d+ s\)$/.test(line), line);
    }
    // Of the other expectations shown, every one can be read.
    const more = blocks.filter(({ language }) => language === 'yaml')[1]!.text;
    fs.writeFileSync(file, `${yaml.slice(0, yaml.indexOf('expect:'))}expect:\n${more.replace(/^/gm, '  ')}`);
    assert.doesNotMatch((await sluice(file)).out, /has no key|unknown|expected a/);
  });
});
