import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { HASHES } from './ipset-sessions/hashes.ts';
import { OTHER_KINDS } from './ipset-sessions/other-kinds.ts';
import { PROGRAMS } from './ipset-sessions/programs.ts';
import { Shell, wordsOf, type Answer } from './support.ts';

const NAMESPACE = `sluice-ipset-${process.pid}`;

/** Every line is answered by both, on sets that the lines before it in its session made. */
const SESSIONS = { ...HASHES, ...OTHER_KINDS, ...PROGRAMS };

/** Files for `ipset restore`; what there is afterwards is compared too. */
const RESTORES: readonly (readonly [options: string, text: string])[] = [
  ['', 'create a hash:ip initval 1\nadd a 1.1.1.1\nadd a 1.1.1.2\n'],
  ['', 'create a hash:ip initval 1\nadd a 1.1.1.1\nadd a foo\nadd a 1.1.1.2\n'],
  ['', 'create a hash:ip initval 1\n\n# comment\n  add a 1.1.1.1\nadd a 1.1.1.1\nadd a 1.1.1.2\n'],
  ['-exist', 'create a hash:ip initval 1\nadd a 1.1.1.1\nadd a 1.1.1.1\nadd a 1.1.1.2\n'],
  ['', 'create a hash:ip comment initval 1\nadd a 1.1.1.1 comment "a b c"\nlist a\n'],
  ['', 'create a hash:ip comment initval 1\nadd a 1.1.1.1 comment "a b c\nCOMMIT\n'],
  ['', 'COMMIT\nfoo\n'],
  ['', 'create a hash:ip initval 1\ntest a 1.1.1.1\nadd a 1.1.1.1\n'],
  ['', 'create a hash:ip initval 1\nadd a 1.1.1.1\ntest a 1.1.1.1\n'],
  ['', '-N a iphash initval 1\n-A a 1.2.3.4\n--add a 1.2.3.5\nadd a\n'],
  ['', 'create l list:set\ncreate a hash:ip initval 1\nadd l a\nswap a b\nadd a 1.1.1.1\n'],
  [
    '',
    'create a hash:ip initval 1\ncreate b hash:ip initval 2\nadd a 1.1.1.1\nadd b 1.1.1.2\nswap a b\nflush b\n',
  ],
  ['', 'create a hash:ip initval 1\nadd a 1.1.1.1 -exist\nadd a 1.1.1.1 -exist\ndestroy a\n'],
];

function askReal(line: string, input = ''): Answer {
  const [name = '', ...args] = wordsOf(line);
  const real = name.replace('tables', 'tables-legacy');
  const done = spawnSync('ip', ['netns', 'exec', NAMESPACE, real, ...args], { input, encoding: 'utf8' });
  return { status: done.status ?? -1, out: done.stdout, err: done.stderr };
}

function askRealAll(...lines: readonly string[]): void {
  for (const line of lines) askReal(line);
}

/** Time goes on between the two, and secrets that nobody gave are drawn. */
function comparable({ status, out, err }: Answer): Answer {
  const text = out
    .replace(/(timeout[ >])9999\d/g, '$1SOON')
    .replace(/(initval[ >]0x)(?!000000)\w{8}/g, '$1SECRET')
    .replace(/^(# .* on ).*$/gm, '$1TIME');
  return { status, err, out: text };
}

describe('ipset and nfacct beside the real ones', function () {
  this.timeout(120_000);
  let shell: Shell;

  before(function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    for (const program of ['ipset', 'nfacct', 'iptables-legacy']) {
      requireOrSkip(this, `needs ${program}`, hasProgram(program));
    }
    execFileSync('ip', ['netns', 'add', NAMESPACE]);
    requireOrSkip(this, 'needs ipset 7.17', askReal('ipset version').out.includes('v7.17'));
  });

  beforeEach(() => {
    shell = new Shell();
  });

  afterEach(() => {
    shell.remove();
    // Sets in lists and rules can't be destroyed.
    askRealAll('iptables -F', 'iptables -t mangle -F', 'ip6tables -F', 'ipset flush', 'ipset destroy');
  });

  after(() => {
    spawnSync('ip', ['netns', 'del', NAMESPACE]);
  });

  for (const [name, session] of Object.entries(SESSIONS)) {
    it(`says the same, command by command, about ${name}`, async () => {
      for (const line of session.trim().split('\n')) {
        const real = askReal(line);
        assert.deepEqual(comparable(await shell.run(line)), comparable(real), line);
      }
    });
  }

  RESTORES.forEach(([options, text], i) => {
    it(`restores file ${i + 1} to the same, with the same complaints`, async () => {
      const line = `ipset restore ${options}`;
      assert.deepEqual(await shell.run(line, text), askReal(line, text), text);
      assert.deepEqual(comparable(await shell.run('ipset list')), comparable(askReal('ipset list')), text);
    });
  });
});
