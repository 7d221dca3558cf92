/** sluice/mocha in a mocha of its own, as a team would use it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { assertCase, runCase } from '../../../src/replay/mocha.ts';
import { folder } from './support.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { resolve } = createRequire(import.meta.url);
const MOCHA = path.join(path.dirname(resolve('mocha/package.json')), 'bin/mocha.js');

const TSX = pathToFileURL(resolve('tsx')).href;

function fixture(): string {
  const where = folder();
  const text = (name: string, expect: string) =>
    `name: ${name}\ncaptures: ${path.relative(where, path.join(ROOT, 'pcaps/http.pcap'))}\ninside: 10.254.0.0/24\n` +
    `rules: ${path.relative(where, path.join(ROOT, 'examples/nat-gateway/firewall.rules'))}\nexpect:\n  - ${expect}\n`;
  const write = (name: string, content: string) => fs.writeFileSync(path.join(where, name), content);
  write('a.case.yaml', text('the web is reachable', '{ all: { dport: 80 }, verdict: ACCEPT }'));
  write('b.case.yaml', text('the web is not', '{ packet: 3, verdict: DROP, out: none }'));
  write('c.case.yaml', text('a mistake', '{ packet: 3, verdict: DORP }'));
  write('d.case.yaml', text('a golden', 'golden: d.pcapng'));
  const entry = new URL('../../../src/replay/mocha.ts', import.meta.url).href;
  write(
    'firewall.spec.mjs',
    `import { describeCases } from '${entry}';\ndescribeCases(import.meta.dirname, { title: 'firewall' });\n`,
  );
  return where;
}

interface MochaTest {
  readonly title: string;
  readonly fullTitle: string;
  readonly err: {
    readonly message?: string;
    readonly expected?: string;
    readonly actual?: string;
    readonly showDiff?: boolean;
  };
}

function mocha(where: string, env: Record<string, string> = {}) {
  const words = ['--no-config', '--reporter', 'json', path.join(where, 'firewall.spec.mjs')];
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', TSX, MOCHA, ...words], {
    cwd: where,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    encoding: 'utf8',
  });
  assert.match(stdout, /\{/, stderr);
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as { passes: MochaTest[]; failures: MochaTest[] };
}

describe('sluice/mocha', function () {
  this.timeout(60_000);

  it('makes a test of each case, and its failures AssertionErrors with a diff', () => {
    const where = fixture();
    const { passes, failures } = mocha(where);
    assert.deepEqual(
      passes.map(({ fullTitle }) => fullTitle),
      ['firewall the web is reachable'],
    );
    assert.equal(failures.length, 3);
    const [wrong, mistake, golden] = failures.map(({ err }) => err);
    assert.match(
      wrong?.message ?? '',
      /packet 3 {2}eth0 {2}IP 10\.254\.0\.2\.54556 > 10\.253\.0\.2\.80: Flags \[S\]/,
    );
    assert.equal(wrong?.expected, 'packet 3: verdict: DROP\npacket 3: out: none');
    assert.equal(wrong?.actual, 'packet 3: verdict: ACCEPT\npacket 3: out: eth1');
    assert.match(mistake?.message ?? '', /c\.case\.yaml:6:27: unknown word "DORP"/);
    assert.match(golden?.message ?? '', /d\.pcapng does not exist; --update writes it/);
    const updated = mocha(where, { SLUICE_UPDATE: '1' });
    assert.deepEqual(
      updated.passes.map(({ title }) => title),
      ['the web is reachable', 'a golden'],
    );
  });

  it('runs single cases', () => {
    const where = fixture();
    assert.equal(runCase(path.join(where, 'a.case.yaml')).status, 'passed');
    assert.equal(runCase(path.join(where, 'b.case.yaml')).status, 'failed');
    assert.equal(runCase(path.join(where, 'none.case.yaml')).errors[0]?.message, 'no such file or directory');
    assert.equal(assertCase(path.join(where, 'a.case.yaml')).frames > 0, true);
    assert.throws(() => assertCase(path.join(where, 'b.case.yaml')), assert.AssertionError);
  });
});
