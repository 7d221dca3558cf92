/** Rules that somebody wrote to do harm: refused in iptables' words, and the rules that were there stay. */
import assert from 'node:assert/strict';
import { parseRestore } from '../../src/netfilter/syntax/index.ts';
import { Shell, type Answer } from './support.ts';

const OLD = '-A INPUT -s 192.0.2.1/32 -j DROP';

const table = (...lines: readonly string[]): string => `*filter\n${lines.join('\n')}\nCOMMIT\n`;
const filled = (lines: number, last: string): string =>
  table(...Array.from({ length: lines }, (_, i) => `-A INPUT -s 10.0.0.${i % 256} -j DROP`), last);

/** What is restored, the line that is named, and words of the complaint. */
const REFUSED: Readonly<Record<string, readonly [text: string, line: number, words: RegExp]>> = {
  'two chains that call each other': [
    table(':a - [0:0]', ':b - [0:0]', '-A INPUT -j a', '-A a -j b', '-A b -j a'),
    7,
    /failed/,
  ],
  'a chain that calls itself': [table(':a - [0:0]', '-A INPUT -j a', '-A a -j a'), 5, /failed/],
  'a chain name of 40 characters': [table(`:${'x'.repeat(40)} - [0:0]`), 2, /chain name/],
  'a jump to a chain of 40 characters': [table(`-A INPUT -j ${'x'.repeat(40)}`), 2, /x{28}/],
  'a quote that is not closed': [table('-A INPUT -m comment --comment "open'), 2, /quote/],
  'a NUL': [table('-A INPUT -m comment --comment a\0b'), 2, /NUL/],
  'no COMMIT': ['*filter\n-A INPUT -j ACCEPT\n', 3, /COMMIT expected/],
  'an unknown match on line 900': [filled(898, '-A INPUT -m nosuch -j DROP'), 900, /nosuch/],
  'a jump to nowhere on line 900': [filled(898, '-A INPUT -j nosuch'), 900, /nosuch/],
  'a table named __proto__': [`*__proto__\nCOMMIT\n`, 1, /__proto__/],
  'a target named constructor': [table('-A INPUT -j constructor'), 2, /constructor/],
  'a match named toString': [table('-A INPUT -m toString'), 2, /toString/],
  'an option named __proto__': [table('-A INPUT --__proto__ 1'), 2, /__proto__/],
  'numbers without end': [table(`-A INPUT -m mark --mark ${'9'.repeat(400)}`), 2, /mark/],
  'a line of a million characters': [table(`-A INPUT -m comment --comment ${'x'.repeat(1e6)}`), 2, /comment/],
};

describe('S-6: hostile rules', () => {
  let shell: Shell;

  beforeEach(async () => {
    shell = new Shell();
    assert.equal((await shell.run('iptables -A INPUT -s 192.0.2.1 -j DROP')).status, 0);
  });
  afterEach(() => shell.remove());

  const inForce = async (): Promise<string> => (await shell.run('iptables -S INPUT')).out;
  const complaint = ({ err }: Answer): string => err.replace(/x{100,}/g, 'x…x');

  for (const [name, [text, line, words]] of Object.entries(REFUSED)) {
    it(`${name}: refused, the line is named, the old rules stay`, async () => {
      const answer = await shell.run('iptables-restore', text);
      assert.notEqual(answer.status, 0);
      assert.match(complaint(answer), words);
      assert.match(complaint(answer), new RegExp(`line:? ${line}\\b`));
      assert.ok((await inForce()).includes(OLD));
      const test = await shell.run('iptables-restore --test', text);
      assert.deepEqual(test, answer);
    });
  }

  it('a loop made one command at a time: the command that closes it is refused', async () => {
    for (const line of ['-N a', '-N b', '-A INPUT -j a', '-A a -j b']) await shell.run(`iptables ${line}`);
    const { status, err } = await shell.run('iptables -A b -j a');
    assert.notEqual(status, 0);
    assert.equal(err, 'iptables: Too many levels of symbolic links.\n');
    assert.doesNotMatch((await shell.run('iptables -S b')).out, /-j a/);
  });

  it('S-9: chains named __proto__ and constructor are chains like others', async () => {
    for (const name of ['__proto__', 'constructor']) {
      assert.equal((await shell.run(`iptables -N ${name}`)).status, 0);
      assert.equal((await shell.run(`iptables -A INPUT -j ${name}`)).status, 0);
    }
    assert.match(await inForce(), /-j __proto__\n-A INPUT -j constructor\n$/);
    assert.equal((await shell.run('iptables -X __proto__')).status, 1);
  });

  it('more rules than memory holds are refused at the line that is one too many', () => {
    const text = filled(10, '-A INPUT -j DROP');
    assert.doesNotThrow(() => parseRestore(text, { family: 4, mostCommands: 11 }));
    assert.throws(() => parseRestore(text, { family: 4, mostCommands: 10 }), /line 12 failed/);
  });
});
