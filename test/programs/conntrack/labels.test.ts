/**
 * Labels by name and -R: each command of labels.txt in turn, put to conntrack-tools (in a network namespace, with an /etc of its
 * own that names labels) and to ours. `rules` is where both get a rule that asks for labels.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listTable, parseRestore, printRules } from '../../../src/netfilter/syntax/index.ts';
import { hasProgram, requireOrSkip } from '../../support/require.ts';
import { Prompt } from '../support.ts';
import { sameLines } from './beside-support.ts';

const NAMESPACE = `sluice-ctl-${process.pid}`;
const QUESTIONS = readFileSync(new URL('./labels.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const RULE = '-A INPUT -m connlabel --label 41';

const NAMES = `# numbers and names
0\tzero
1 one
40 eth0-in
 41  two words
127 last
128 toobig
2 one
3
62  tr\x20\x20
-3 neg
0x10 hex
63 a,b
64 a_b
1 uno
`;

const add = (sport: number) => `-A -p udp -s 10.0.1.1 -d 10.0.1.2 --sport ${sport} --dport 2 -t 100000`;

/** What -R is given. */
const FILES: Readonly<Record<string, string>> = {
  plain: `-I -p udp -s 10.0.1.1 -d 10.0.1.2 --sport 1 --dport 2 -t 100000\n`,
  comments: `# comment\n\n   \n  ${add(2)}\nconntrack ${add(3)}\nfoo ${add(4)}\n`,
  nonsense: `${add(5)}\nnonsense\n${add(6)}\n`,
  exists: `${add(7)}\n-I -p udp -s 10.0.1.1 -d 10.0.1.2 --sport 7 --dport 2 -t 100000\n${add(8)}\n`,
  'unknown-option': `${add(9)}\n-L --nope\n${add(10)}\n`,
  changes: `${add(11)}\n${add(12)}\n${add(12)}\n-D -p udp --sport 12 -o extended\n`,
  update: '-U -f ipv4 -p udp --sport 11 -m 5 -t 100000\n',
  flush: `-F\n${add(13)}\n`,
  quotes: `  -A  -p udp -s "10.0.1.1"\t-d 10.0.1.2 --sport "14" --dport 2 -t "100000\n`,
  'single-quotes': `-A -p udp -s '10.0.1.1' -d 10.0.1.2 --sport 15 --dport 2 -t 100000\n`,
  'carriage-returns': `${add(16)}\r\n${add(17)}\0 -x\r\n`,
  'no-end': add(18),
  expectation: '-I expect -p udp\n',
  'deletes-nothing': `-D -p udp --sport 3333\n${add(19)}\n-U -f ipv4 -p udp --sport 77 -m 5\n`,
  labels: `${add(20)} --label-add one,last
`,
  'unknown-label': `${add(21)}\n${add(22)} --label-add nope\n`,
  get: '-G -p udp -s 10.0.1.1 -d 10.0.1.2 --sport 1 --dport 2\n',
  list: '-L\n',
  'list-expect': '-L expect\n',
  'flush-expect': '-F expect\n',
  count: '-C\n',
  statistics: '-S\n',
  events: '-E\n',
  version: '-V\n',
  help: '-h\n',
  within: '-R x\n',
  'no-state': '-A -p tcp -s 10.0.1.1 -d 10.0.1.2 --sport 35 --dport 3 -t 1\n',
  'no-timeout': '-I -p udp -s 10.0.1.1 -d 10.0.1.2 --sport 35 --dport 3\n',
  'mixed-families': `${add(23)}\n-I -p udp -s 10.0.1.1 -d fe80::1 --sport 35 --dport 3 -t 1\n`,
  family: `${add(24)} -f ipv4\n`,
  'many-words': `${add(25)}${' -m 9'.repeat(300)}\n`,
  empty: '',
  'long-names': '--add -p udp -s 10.0.1.1 -d 10.0.1.2 --sport 30 --dport 3 -t 100000\n',
};

describe('conntrack beside conntrack-tools, with names for labels', function () {
  this.timeout(120_000);
  let folder: string;

  before(function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    const programs = ['conntrack', 'ip', 'unshare', 'mount', 'iptables-legacy'];
    requireOrSkip(this, `needs ${programs.join(', ')}`, programs.every(hasProgram));
    folder = mkdtempSync(join(tmpdir(), 'sluice-labels-'));
    mkdirSync(join(folder, 'etc', 'xtables'), { recursive: true });
    writeFileSync(join(folder, 'etc', 'xtables', 'connlabel.conf'), NAMES);
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    assert.equal(spawnSync('ip', ['netns', 'add', NAMESPACE]).status, 0);
  });
  after(() => {
    spawnSync('ip', ['netns', 'del', NAMESPACE]);
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  /** In a mount namespace of its own, where /etc has our file besides. */
  function ask(words: readonly string[]) {
    const own = 'mount -t overlay overlay -o lowerdir="$0/etc:/etc" /etc && exec "$@"';
    return spawnSync('ip', ['netns', 'exec', NAMESPACE, 'unshare', '-m', 'sh', '-c', own, folder, ...words], {
      cwd: folder,
      encoding: 'utf8',
    });
  }

  it(`answers the same to ${QUESTIONS.length} commands, one after the other`, () => {
    const prompt = new Prompt();
    prompt.gateway.objects.labels.read(NAMES);
    for (const [name, text] of Object.entries(FILES)) prompt.files.set(name, text);
    const differences: string[] = [];
    for (const line of QUESTIONS) {
      if (line === 'rules') {
        assert.equal(ask(['iptables-legacy', ...RULE.split(' ')]).status, 0);
        prompt.gateway.load(parseRestore(`*filter\n${RULE}\nCOMMIT\n`, { family: 4 }));
        continue;
      }
      const theirs = ask(line.split(' '));
      const ours = prompt.run(line);
      const seen = [ours.status, sameLines(ours.out), ours.err];
      const wanted = [theirs.status, sameLines(theirs.stdout), theirs.stderr];
      if (JSON.stringify(seen) !== JSON.stringify(wanted)) {
        differences.push(`${line}\n  kernel ${JSON.stringify(wanted)}\n  ours   ${JSON.stringify(seen)}`);
      }
    }
    assert.deepEqual(differences, []);
  });

  it('reads and prints rules with labels by name as iptables does', () => {
    const rules = ['one', 'two words', '1', '0x10', '2', 'tr', 'last', '41'].map(
      (label, i) => `-A INPUT -m connlabel ${i % 2 ? '! ' : ''}--label "${label}"${i % 3 ? '' : ' --set'}`,
    );
    const text = `*filter\n${rules.join('\n')}\nCOMMIT\n`;
    writeFileSync(join(folder, 'rules'), text);
    assert.equal(ask(['iptables-legacy-restore', 'rules']).status, 0);
    const prompt = new Prompt();
    const { objects } = prompt.gateway;
    objects.labels.read(NAMES);
    const ruleset = parseRestore(text, { family: 4, objects });
    const table = ruleset.tables.get('filter')!;
    for (const [options, numeric] of [
      [['-L', 'INPUT'], false],
      [['-nL', 'INPUT'], true],
    ] as const) {
      const theirs = ask(['iptables-legacy', ...options]).stdout;
      const nameOf = (address: string) => (address === '0.0.0.0/0' ? 'anywhere' : null);
      assert.equal(listTable(table, { chain: 'INPUT', numeric, ...(numeric ? {} : { nameOf }) }), theirs);
    }
    assert.equal(
      printRules(table, 'INPUT', { counters: false, number: null }),
      ask(['iptables-legacy', '-S', 'INPUT']).stdout,
    );
    for (const label of ['nope', 'uno', 'toobig', 'a,b', 'a_b']) {
      const line = `-A INPUT -m connlabel --label ${label}`;
      assert.notEqual(ask(['iptables-legacy', ...line.split(' ')]).status, 0, label);
      assert.throws(() => parseRestore(`*filter\n${line}\nCOMMIT\n`, { family: 4, objects }), label);
    }
  });
});
