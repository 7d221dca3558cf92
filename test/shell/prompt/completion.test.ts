import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { complete } from '../../../src/shell/prompt/completion.ts';
import { Facts } from '../../../src/shell/prompt/facts.ts';
import { Desk } from './support.ts';

describe('completion', () => {
  let folder: string;
  let desk: Desk;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-completion-'));
    writeFileSync(join(folder, 'setup.txt'), '');
    desk = new Desk(folder);
    await desk.enter('iptables -N from-lan');
    await desk.enter('iptables -t nat -N ports');
  });
  after(() => rmSync(folder, { recursive: true }));

  const words = async (text: string) =>
    (await complete(text, new Facts(desk.target, desk.session.node, folder))).words;

  const cases: readonly (readonly [text: string, offered: readonly string[]])[] = [
    ['iptables-r', ['iptables-restore']],
    ['sou', ['source']],
    ['f', ['frames', 'fw']],
    ['fw ip6tables-s', ['ip6tables-save']],
    ['iptables -t n', ['nat']],
    ['iptables -A F', ['FORWARD']],
    ['iptables -A f', ['from-lan']],
    ['iptables -t nat -A p', ['ports']],
    ['iptables -t nat -X ', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING', 'ports']],
    ['iptables -A INPUT -j MASQ', ['MASQUERADE']],
    ['iptables -A INPUT -j fr', ['from-lan']],
    ['iptables -A INPUT -g ', ['from-lan']],
    ['iptables -A INPUT -m conntr', ['conntrack']],
    ['ip6tables -A INPUT -m eui', ['eui64']],
    ['iptables -A INPUT -m eui', []],
    ['iptables -A INPUT -m conntrack --ctst', ['--ctstate', '--ctstatus']],
    ['iptables -A INPUT -m conntrack --ctstate EST', ['ESTABLISHED']],
    ['iptables -A INPUT -m conntrack --ctstate NEW,REL', ['NEW,RELATED']],
    ['iptables -A INPUT -p tcp --tcp-fl', ['--tcp-flags']],
    ['iptables -A INPUT -p tcp --tcp-flags SYN,ACK S', ['SYN']],
    ['iptables -A INPUT -p udp --dpor', ['--dport']],
    ['iptables -A INPUT --dpor', []],
    ['iptables -A INPUT -j REJECT --reject-with icmp-port', ['icmp-port-unreachable']],
    ['iptables -A INPUT -j LOG --log-level war', ['warning']],
    ['iptables -A INPUT -i eth', ['eth0', 'eth1']],
    ['a iptables -A INPUT -i ', ['lo', 'eth0']],
    ['iptables -A INPUT -p udpl', ['udplite']],
    ['iptables -A INPUT --proto', ['--protocol']],
    ['conntrack -L -o ext', ['extended']],
    ['conntrack -L -p tcp --st', ['--status', '--state']],
    ['conntrack -E -e NEW,DES', ['NEW,DESTROY']],
    ['ip link show dev eth', ['eth0', 'eth1']],
    ['help REJ', ['REJECT']],
    ['source set', ['setup.txt']],
    ['nonsense ', []],
  ];
  for (const [text, offered] of cases) {
    it(`of "${text}" offers ${offered.join(' ') || 'nothing'}`, async () => {
      assert.deepEqual(await words(text), offered);
    });
  }

  it('offers only what begins with what was typed, whatever that is', async () => {
    const word = fc.constantFrom(
      'iptables',
      'conntrack',
      '-A',
      '-m',
      '-j',
      '--ctstate',
      'a',
      '__proto__',
      '!',
      '-',
      '"',
      ',',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), fc.boolean(), async (typed, isOpen) => {
        const text = typed.join(' ') + (isOpen ? ' ' : '');
        const { words: offered, begun } = await complete(text, new Facts(desk.target, 'fw', folder));
        for (const one of offered) assert.ok(one.startsWith(begun), `${text}: ${one}`);
      }),
      { numRuns: 60 },
    );
  });
});
