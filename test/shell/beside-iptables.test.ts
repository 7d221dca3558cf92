import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { requireOrSkip } from '../support/require.ts';
import { Shell, wordsOf, type Answer } from './support.ts';

const NAMESPACE = `sluice-shell-${process.pid}`;

/** One session; every line is answered by both, on rules that the lines before it made. */
const SESSION = `
iptables
iptables -N own
iptables -N own
iptables -N ACCEPT
iptables -N 0123456789012345678901234567890
iptables -A INPUT -s 10.0.0.0/8 -i eth0 -p tcp --dport 22 -m comment --comment "two words" -j ACCEPT
iptables -A INPUT -p tcp ! --dport 22 -j REJECT --reject-with tcp-reset
iptables -A FORWARD ! -i eth0 -o ppp+ -j own
iptables -A FORWARD ! -s 192.0.2.1 -d 192.0.2.0/255.255.0.255 -g own
iptables -A own -f -j LOG --log-prefix "pre " --log-uid
iptables -A own ! -p udp -m limit --limit 3/min -c 99999 100000
iptables -A own -p tcp --tcp-flags SYN,ACK SYN ! --tcp-option 5 --sport 80:90 -c 1234567 99999500
iptables -A own -p 47 -m mac --mac-source 02:00:00:00:00:01 -j RETURN -c 999999999 99999999999999
iptables -A own -p 47 -c 9999 10000
iptables -A own -p 47 -c 10000000 9999999
iptables -A own -p 47 -c 10000000000 10000000000000
iptables -A own -p 47 -c 999999 9007199254740991
iptables -A own -p udp -m multiport --ports 1:7,20:22,514 -j RETURN
iptables -A own -p sctp -m multiport --dports 80,5672 -j RETURN
iptables -A own -p sctp -m multiport --dports http -j RETURN
iptables -A own -m connlabel --label 128
iptables -A own -m rateest --rateest nope --rateest-lt --rateest-bps 8bit
iptables -A own -m string --string a --algo nope
iptables -L
iptables -nL
iptables -vL
iptables -nvL
iptables -nvxL --line-numbers
iptables -L INPUT
iptables -L own 2 -v
iptables -L own 9
iptables -L nope
iptables -S
iptables -S -v
iptables -S own
iptables -S own 1
iptables -n -S
iptables -v -A INPUT -s 192.0.2.1,192.0.2.2 -p udp --dport 53 -j ACCEPT
iptables -v -C INPUT -s 192.0.2.1 -p udp --dport 53 -j ACCEPT
iptables -C INPUT -s 192.0.2.9 -j ACCEPT
iptables -D INPUT 9
iptables -D INPUT 0
iptables -I INPUT 9 -j ACCEPT
iptables -R INPUT -j ACCEPT
iptables -R INPUT 1 -j DROP
iptables -P INPUT DROP
iptables -P own DROP
iptables -P INPUT NOPE
iptables -X own
iptables -X INPUT
iptables -E own other
iptables -E own other
iptables -Z INPUT 1
iptables -Z INPUT 77
iptables -nvL other -Z
iptables -t nope -L
iptables -t nat -P POSTROUTING DROP
iptables -A INPUT -j MASQUERADE
iptables -A INPUT -j nope
iptables -A INPUT -m nope
iptables -A INPUT --nope
iptables -A INPUT -p tcp --dport ! 22
iptables -A INPUT -s ! 192.0.2.1
iptables -A INPUT -p tcp --dport 99999
iptables -A INPUT word
iptables -A INPUT -D INPUT
iptables -A INPUT -6
iptables -w x -L
iptables -W 1 -L
iptables -V
iptables-save -t filter -c
iptables-save -t nope
iptables-save word
iptables -v -F
iptables -v -Z
iptables -v -X
ip6tables -A INPUT -s fe80::/10 -p ipv6-icmp --icmpv6-type echo-request -j ACCEPT
ip6tables -A INPUT -f
ip6tables -nvL
ip6tables-save -t filter
`;

/** Files for iptables-restore, with its options; what is in force afterwards is compared too. */
const RESTORES: readonly (readonly [options: string, text: string])[] = [
  ['', '*filter\n:INPUT DROP [1:2]\n:own - [0:0]\n[5:6] -A INPUT -j own\nCOMMIT\n'],
  ['-c', '*filter\n:INPUT DROP [1:2]\n:own - [0:0]\n[5:6] -A INPUT -j own\nCOMMIT\n'],
  ['-c', '*filter\n:INPUT DROP\nCOMMIT\n'],
  ['-v', '# text\n*filter\n:own - [0:0]\n-A INPUT -j own\nCOMMIT\n'],
  ['--noflush', '*filter\n-A INPUT -j DROP\n-I INPUT 1 -j ACCEPT\n-D INPUT 1\nCOMMIT\n'],
  ['--test', '*filter\n-F\nCOMMIT\n'],
  ['-T nat', '*filter\n-F\nCOMMIT\n'],
  ['', '*filter\n-A INPUT --nope\nCOMMIT\n'],
  ['', '*filter\n-A nope -j ACCEPT\nCOMMIT\n'],
  ['', '*filter\n-A INPUT -j MASQUERADE\nCOMMIT\n'],
  ['', '*filter\n-A INPUT -j ACCEPT\n'],
  ['', '*nope\nCOMMIT\n'],
  ['', '-A INPUT\n'],
  ['', '*filter\n:INPUT NOPE [0:0]\nCOMMIT\n'],
  ['', '*filter\n:own ACCEPT [0:0]\nCOMMIT\n'],
  ['', '*filter\n:own\nCOMMIT\n'],
  ['', '*filter\n-A INPUT -t nat\nCOMMIT\n'],
  ['', '*filter\n:own - [0:0]\n:own - [0:0]\nCOMMIT\n'],
  ['', '*filter\n[x] -A INPUT\nCOMMIT\n'],
  ['', '*filter\n-4 -A INPUT -s 192.0.2.1\n-6 -A INPUT -s ::1\nCOMMIT\n'],
  ['', '*filter\n-L INPUT\nCOMMIT\n'],
];

function askReal(line: string, input = ''): Answer {
  const [name = '', ...args] = wordsOf(line);
  const real = name.replace('tables', 'tables-legacy');
  const done = spawnSync('ip', ['netns', 'exec', NAMESPACE, real, ...args], { input, encoding: 'utf8' });
  return { status: done.status ?? -1, out: done.stdout, err: done.stderr };
}

/** The time of saving differs. */
function timeless({ status, out, err }: Answer): Answer {
  return { status, err, out: out.replace(/^(# .* on ).*$/gm, '$1TIME') };
}

describe('the programs beside iptables-legacy', function () {
  this.timeout(120_000);
  let shell: Shell;

  before(function () {
    const has = process.getuid?.() === 0 && spawnSync('iptables-legacy', ['-V']).status === 0;
    requireOrSkip(this, 'needs root and iptables-legacy', has);
    execFileSync('ip', ['netns', 'add', NAMESPACE]);
    shell = new Shell();
  });
  after(() => {
    spawnSync('ip', ['netns', 'del', NAMESPACE]);
    shell?.remove();
  });

  async function assertSame(line: string, input = ''): Promise<void> {
    const real = askReal(line, input);
    assert.deepEqual(timeless(await shell.run(line, input)), timeless(real), `${line}\n${input}`);
  }

  it('print and complain the same, with the same status, through a session of commands', async () => {
    for (const line of SESSION.trim().split('\n')) await assertSame(line);
  });

  it('restore and refuse the same, and leave the same rules', async () => {
    for (const [options, text] of RESTORES) {
      await assertSame(`iptables-restore ${options}`, text);
      await assertSame('iptables-save -t filter -c');
    }
  });
});
