/** `iptables-xml`: what it writes, and that it writes what the real one does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { Shell, type Answer } from './support.ts';

const shell = new Shell();
after(() => shell.remove());

const ours = (input: string, args: readonly string[] = []): Promise<Answer> =>
  shell.run(['iptables-xml', ...args].join(' '), input);

function theirs(input: string, args: readonly string[] = []): Answer {
  const { stdout, stderr, status } = spawnSync('iptables-xml', args, { input, encoding: 'utf8' });
  return { out: stdout, err: stderr, status: status ?? -1 };
}

const table = (...lines: readonly string[]): string =>
  `*filter\n:INPUT ACCEPT [5:6]\n:user - [0:0]\n${lines.join('\n')}\nCOMMIT\n`;

const INPUTS: Readonly<Record<string, string>> = {
  'rules of all kinds': table(
    '-A INPUT -s 10.0.0.0/8 ! -i eth0 -p tcp -m tcp ! --dport 22 -m comment --comment "a \\"b\\" <c> & \'d\' -x" -j ACCEPT',
    '[3:4] -A INPUT ! -s 10.0.0.0/8 -m limit --limit 3/min -j LOG --log-prefix "x y: " --log-tcp-options',
    '-A INPUT -j user',
    '-A INPUT -g user',
    '-A user -p tcp -m tcp ! --syn -f -j DNAT --to-destination 1.2.3.4:5-6 --random',
    '-A user -m tcp ! --tcp-flags SYN,ACK SYN -m set ! --match-set a src,dst',
    '-A INPUT',
  ),
  'rules to be combined': table(
    ...['-j LOG', '-j MARK --set-mark 1', '-j user', '-g user', '-j LOG', '-j DROP', '-j LOG', ''].map(
      (target) => `-A INPUT -s 1.2.3.4 ${target}`,
    ),
    '-A user -s 1.2.3.4 -j LOG',
    '-A user ! -s 1.2.3.4 -j LOG',
    '-A user -j LOG',
    '-A user -j LOG',
  ),
  'words that are out of place': table(
    '-A INPUT foo bar -s 1 2 -j X a b --c d e -m tcp --x',
    '-A INPUT ! --syn -m tcp ! --syn ! --foo a -j X end',
    '-A INPUT -m tcp bar',
    '-A INPUT -s 1 !',
    '-A INPUT -m',
    '-A INPUT -s 1 -j',
    '-A INPUT - a -- b -A INPUT -p tcp -p udp -m a -m b -j X -j Y',
    '-A INPUT -m recent --name "" "abc',
    '-A NOCHAIN -s 1 -j LOG',
  ),
  'chains of all kinds':
    '*filter\n:a - [1:2]\n:b ACCEPT\n:c - junk\n:d - [3:4\n:a DROP [5:6]\n-A a -s 1\n-A d -j b\n-A a -s 2\n*nat\n\n# -- ---\nCOMMIT\n',
  'a line outside': 'junk\n',
  'a chain without a policy': '*filter\n:INPUT\nCOMMIT\n',
  'a table without a name': '*\nCOMMIT\n',
  'another command': table('-I INPUT -s 1.2.3.4'),
  'counters that are cut off': table('[1:2 -A INPUT'),
  'no end': '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j X\n',
  nothing: '',
};

describe('iptables-xml', () => {
  it('writes conditions and actions of a rule, and chains without rules behind those that have some', async () => {
    const input = table('-A user ! -s 192.0.2.1 -m tcp --syn -j LOG --log-prefix "a<b"');
    assert.deepEqual(await ours(input), {
      status: 0,
      err: '',
      out: `<iptables-rules version="1.0">
  <table name="filter" >
    <chain name="user" packet-count="0" byte-count="0" >
      <rule >
       <conditions>
        <match >
          <s  invert="1">192.0.2.1</s>
        </match>
        <tcp >
          <syn  />
        </tcp>
       </conditions>
       <actions>
        <LOG >
          <log-prefix >&quot;a&lt;b&quot;</log-prefix>
        </LOG>
       </actions>

      </rule>

    </chain>
    <chain name="INPUT" policy="ACCEPT" packet-count="5" byte-count="6" />
  </table>
</iptables-rules>
`,
    });
  });

  it('never leaves two dashes side by side in a comment', async () => {
    const { out } = await ours('# --a---b----c\n');
    assert.match(out, /^<!-- # [^\n]* -->$/m);
    assert.doesNotMatch(out.replace(/<!--|-->/g, ''), /--/);
  });

  it('answers any text with XML or with a complaint', async () => {
    const words = fc.constantFrom(
      '-A',
      'INPUT',
      '-j',
      '-g',
      '-m',
      '!',
      '--x',
      '"',
      '\\',
      ':',
      '*',
      '[',
      ']',
      '\n',
      ' ',
      'COMMIT',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words), async (text) => {
        const { status, err } = await ours(`*filter\n:INPUT - [0:0]\n${text.join(' ')}`, ['-c', '-v']);
        assert.equal(status === 0, err === '');
      }),
    );
  });
});

describe('iptables-xml beside the real one', () => {
  before(function () {
    requireOrSkip(this, 'needs iptables-xml', hasProgram('iptables-xml'));
  });

  for (const args of [[], ['-c'], ['-v'], ['--comb', '-v']]) {
    for (const [name, input] of Object.entries(INPUTS)) {
      it(`${['iptables-xml', ...args].join(' ')} of ${name}`, async () => {
        assert.deepEqual(await ours(input, args), theirs(input, args));
      });
    }
  }

  it('of every ruleset among the examples', async () => {
    for (const folder of readdirSync('examples/rulesets', { withFileTypes: true })) {
      if (!folder.isDirectory()) continue;
      for (const file of readdirSync(`examples/rulesets/${folder.name}`).filter((name) =>
        name.startsWith('rules.'),
      )) {
        const input = readFileSync(`examples/rulesets/${folder.name}/${file}`, 'utf8');
        assert.deepEqual(await ours(input, ['-c']), theirs(input, ['-c']), file);
      }
    }
  });

  it('answers options that are none, and files that are not there', async () => {
    for (const args of [['-x'], ['--bad', '-c'], ['/nonexistent'], ['a', 'b'], ['-h']]) {
      assert.deepEqual(await ours('', args), theirs('', args), args.join(' '));
    }
  });
});
