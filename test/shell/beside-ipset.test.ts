import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { Shell, wordsOf, type Answer } from './support.ts';

const NAMESPACE = `sluice-ipset-${process.pid}`;

/** Every line is answered by both, on sets that the lines before it in its session made. */
const SESSIONS: Readonly<Record<string, string>> = {
  'elements of hashes of addresses': `
ipset create ip hash:ip initval 1
ipset add ip 10.0.0.1-10.0.0.3
ipset add ip 10.0.0.0/33
ipset add ip 10.0.0.0/0
ipset add ip 0.0.0.0
ipset add ip 10.0.0.5-10.0.0.1
ipset add ip 10.0.0.1,80
ipset add ip 10.0.0.1 timeout 5
ipset add ip 10.0.0.1 counters
ipset add ip 10.0.0.9 packets 5
ipset add ip 10.0.0.9 comment hi
ipset add ip 10.0.0.9 skbmark 5
ipset add ip 10.0.0.9 nomatch
ipset add ip ::1
ipset add ip 1.2.3
ipset add ip 300.1.1.1
ipset add ip 10.0.0.64/26
ipset list ip
ipset list ip -sorted
ipset save ip
ipset list ip -o xml
ipset test ip 10.0.0.64/26
ipset test ip 10.0.0.1-10.0.0.3
ipset test ip 10.0.0.44
ipset del ip 10.0.0.64/30
ipset -exist del ip 10.0.0.64/30
ipset del ip 10.0.0.64/30
ipset list ip
ipset create masked hash:ip netmask 24 initval 1
ipset add masked 10.0.0.0/22
ipset save masked
ipset create bits hash:ip bitmask 255.255.0.255 initval 1
ipset add bits 10.1.2.3
ipset test bits 10.1.9.3
ipset save bits
ipset create six hash:ip family inet6 initval 1 netmask 64
ipset add six 10.0.0.1
ipset add six 1::2/128
ipset add six 1::/64
ipset add six 1::1-1::4
ipset add six ::
ipset list six
ipset create little hash:ip maxelem 3 hashsize 3 bucketsize 3 initval 1
ipset add little 10.0.0.0/29
ipset list little
`,
  'hashes that grow': `
ipset create grown hash:ip hashsize 64 bucketsize 2 initval 1
ipset add grown 10.0.0.0/24
ipset list grown
ipset del grown 10.0.0.0/25
ipset list grown
ipset add grown 10.9.0.0/26
ipset list grown
ipset create ports hash:ip,port hashsize 64 initval 77
ipset add ports 10.0.0.0/28,udp:1-100
ipset list ports
ipset flush ports
ipset list ports
`,
  networks: `
ipset create n hash:net initval 1
ipset add n 0.0.0.0/0
ipset add n 10.0.0.1-10.0.0.9
ipset add n 10.0.0.1/24
ipset add n 10.0.0.1
ipset list n
ipset list n -s
ipset test n 10.0.0.77
ipset test n 10.0.1.77
ipset del n 10.0.0.2-10.0.0.3
ipset del n 10.0.0.0/24
ipset test n 10.0.0.77
ipset save n -s
ipset add n 10.0.0.0/8
ipset add n 10.1.0.0/16 nomatch
ipset add n 10.1.0.0/16
ipset test n 10.1.1.1
ipset test n 10.1.1.1 nomatch
ipset test n 10.2.1.1
ipset test n 10.1.0.0/16
ipset test n 10.1.0.0/16 nomatch
ipset -exist add n 10.1.0.0/16
ipset test n 10.1.1.1
ipset save n
ipset del n 10.0.0.0/8 nomatch
ipset create n6 hash:net family inet6 initval 1
ipset add n6 1::/64
ipset add n6 1::5/0
ipset add n6 1::1-1::2
ipset add n6 1::/129
ipset test n6 1::5
ipset list n6
ipset create np hash:net,port initval 1
ipset add np 10.0.0.0-10.0.0.3,tcp:1-2
ipset test np 10.0.0.1,tcp:1
ipset test np 10.0.0.1,tcp:1-2
ipset test np 10.0.0.1-10.0.0.2,tcp:1
ipset test np 10.0.0.0/30,tcp:1
ipset add np 10.0.0.0/0,80
ipset list np
ipset create r hash:ip,port,net initval 1
ipset add r 10.0.0.1,80,10.0.0.0/24
ipset add r 10.0.0.1-10.0.0.3,80,10.0.0.0/24
ipset add r 10.0.0.1,80,0.0.0.0/0
ipset add r 10.0.0.1,81,10.0.0.1-10.0.0.6
ipset list r
ipset test r 10.0.0.1,80,10.0.0.9
ipset create r6 hash:ip,port,net family inet6 initval 1
ipset add r6 1::1,80,2::/64
ipset add r6 1::1,icmpv6:echo-request,2::5
ipset add r6 1::1-1::2,80,2::5
ipset add r6 1::1,80,::/0
ipset list r6
`,
  'ports and protocols': `
ipset create p hash:ip,port initval 1
ipset add p 10.0.0.1,80
ipset add p 10.0.0.1,tcp:81-83
ipset add p 10.0.0.1,udp:domain
ipset add p 10.0.0.1,http
ipset add p 10.0.0.1,icmp:8
ipset add p 10.0.0.1,icmp:8/0
ipset add p 10.0.0.1,icmp:echo-request
ipset add p 10.0.0.1,icmp:host-redirect
ipset add p 10.0.0.1,icmp:3/8
ipset add p 10.0.0.1,icmp:redirect
ipset add p 10.0.0.1,gre:0
ipset add p 10.0.0.1,47:0
ipset add p 10.0.0.1,gre:5
ipset add p 10.0.0.1,sctp:5
ipset add p 10.0.0.1,udplite:5
ipset add p 10.0.0.1,dccp:5
ipset add p 10.0.0.1,200:0
ipset add p 10.0.0.1,300:0
ipset add p 10.0.0.1,foo:0
ipset add p 10.0.0.1,foo
ipset add p 10.0.0.1,70000
ipset add p 10.0.0.1,-1
ipset add p 10.0.0.1
ipset add p 10.0.0.1,80,1
ipset add p 10.0.0.1/31,tcp:22
ipset add p 10.0.0.1,90-88
ipset add p 10.0.0.1,tcp:0
ipset list p
ipset test p 10.0.0.1,80
ipset test p 10.0.0.1,udp:80
ipset del p 10.0.0.1,80 timeout 4
ipset del p 10.0.0.1,tcp:81-83
ipset create masked hash:ip,port family inet6 netmask 64 initval 1
ipset add masked 1::2:3:4:5,80
ipset add masked 1::2:3:4:5,icmpv6:1/1
ipset add masked 1::2:3:4:5,icmpv6:redirect
ipset list masked
ipset create ii hash:ip,port,ip initval 1
ipset add ii 1.1.1.1,80,2.2.2.2/24
ipset add ii 1.1.1.1,80,2.2.2.2-2.2.2.5
ipset add ii 1.1.1.1,80
ipset add ii 1.1.1.1,80,1.1.1.1,4
ipset add ii 1.1.1.0/30,80-81,1.1.1.1
ipset list ii
`,
  interfaces: `
ipset create q hash:net,iface initval 1
ipset add q 10.0.0.0/8,eth0
ipset add q 10.0.0.0/8,eth1
ipset add q 10.0.0.0/8,physdev:eth1
ipset add q 10.0.0.0/8,ppp wildcard
ipset add q 10.0.0.0/8,ppp7
ipset add q 0.0.0.0/0,eth9
ipset add q 10.0.0.0/8,abcdefghijklmnopqrst
ipset add q 10.0.0.0/8
ipset add q 10.0.0.0/8,eth1 nomatch
ipset -exist add q 10.0.0.0/8,eth1 nomatch
ipset add q 192.0.2.0-192.0.2.6,eth0
ipset list q
ipset test q 10.1.1.1,eth0
ipset test q 10.1.1.1,eth1
ipset test q 10.1.1.1,ppp5
ipset test q 10.0.0.1-10.0.0.2,eth0
`,
  'what elements carry': `
ipset create c hash:ip counters comment skbinfo timeout 100000 initval 1
ipset add c 1.1.1.1 packets 5 bytes 6 comment "hello there" skbmark 0x5 skbprio 1:2
ipset list c
ipset list c -o xml
ipset save c
ipset -exist add c 1.1.1.1
ipset save c
ipset -exist add c 1.1.1.1 packets 9
ipset save c
ipset del c 1.1.1.1
ipset add c 1.1.1.1
ipset add c 1.1.1.2 timeout 0 skbmark 0xff/0xff skbqueue 7
ipset add c 1.1.1.3 timeout 5 timeout 6
ipset add c 1.1.1.3 packets 18446744073709551615
ipset add c 1.1.1.3 skbmark foo
ipset add c 1.1.1.3 skbprio 1
ipset add c 1.1.1.3 skbprio 1:10000
ipset add c 1.1.1.4 skbqueue 65536
ipset add c 1.1.1.4 comment
ipset add c 1.1.1.4 timeout 2147484
ipset list c
ipset create cc hash:net,port comment initval 1
ipset add cc 10.0.0.0/8,udp:5 comment "one two"
ipset add cc 10.0.0.0/8,udp:6 comment three
ipset list cc
`,
  bitmaps: `
ipset create bi bitmap:ip range 10.0.0.0/16 netmask 24
ipset add bi 10.0.3.4
ipset add bi 10.0.7.0/23
ipset add bi 10.1.0.0
ipset add bi 10.0.200.0-10.0.205.7
ipset list bi
ipset create bi2 bitmap:ip range 10.0.0.5-10.0.0.1 timeout 100000 counters comment skbinfo
ipset add bi2 10.0.0.2-10.0.0.3 comment "x y" packets 4
ipset add bi2 10.0.0.2
ipset list bi2
ipset create bm bitmap:ip,mac range 10.0.0.0/24
ipset add bm 10.0.0.1
ipset add bm 10.0.0.2,00:11:22:33:44:5a
ipset add bm 10.0.0.2,00:11:22:33:44:5a
ipset add bm 10.0.0.2,00:11:22:33:44:56
ipset add bm 10.0.0.1,0:1:2:3:4:5
ipset add bm 10.0.0.4,xx
ipset add bm 10.0.1.4
ipset add bm 10.0.0.1/30
ipset test bm 10.0.0.1
ipset test bm 10.0.0.2,00:11:22:33:44:56
ipset test bm 10.0.0.2
ipset list bm
ipset create bp bitmap:port range 10-100
ipset add bp 20-22
ipset add bp http
ipset add bp 200
ipset add bp 90-110
ipset add bp tcp:25
ipset list bp
ipset del bp 20-21
ipset test bp 22
ipset test bp 101
ipset save bp
ipset create bad bitmap:ip
ipset create bad bitmap:ip range 10.0.0.0/8
ipset create bad bitmap:ip range 10.0.0.0/16 netmask 33
ipset create bad bitmap:ip range 10.0.0.0/16 netmask 8
ipset create bad bitmap:port range 0-70000
ipset create bad bitmap:ip range 10.0.0.1
ipset create bad bitmap:ip range 10.0.0.0/24 family inet
ipset create snapped bitmap:ip range 10.0.0.1-10.0.0.5 netmask 30
ipset create back bitmap:port range 5-1
ipset list -t
`,
  lists: `
ipset create n hash:net initval 1
ipset create ip hash:ip initval 1
ipset create l list:set size 3
ipset add l n
ipset add l ip before n
ipset add l ip after n
ipset add l zip
ipset add l ip after zip
ipset add l l
ipset create l2 list:set
ipset add l l2
ipset list l
ipset list ip -t
ipset test l n
ipset test l ip
ipset test l ip before n
ipset test l n before ip
ipset test l n after ip
ipset rename n m
ipset destroy n
ipset destroy
ipset del l ip before n
ipset del l n before ip
ipset save
ipset list -n
ipset flush l
ipset destroy n
ipset destroy
ipset list
`,
  'sets as a whole': `
ipset create a hash:ip initval 1
ipset create a hash:ip
ipset -exist create a hash:ip
ipset -exist create a hash:net
ipset create n hash:net initval 1
ipset add a 10.0.0.1
ipset list nope
ipset save nope
ipset flush nope
ipset destroy nope
ipset rename nope x
ipset swap a nope
ipset swap nope a
ipset swap a n
ipset rename a n
ipset rename a b
ipset create a hash:ip initval 2
ipset swap a b
ipset list
ipset list -name
ipset list -n -o xml
ipset list a -t -o xml
ipset list -t
ipset save
ipset create abcdefghijklmnopqrstuvwxyzabcdef hash:ip
ipset create __proto__ hash:ip initval 1
ipset add __proto__ 1.2.3.4
ipset list __proto__
ipset create x hash:ip family foo
ipset create x hash:ip hashsize foo
ipset create x hash:ip hashsize
ipset create x hash:ip hashsize 4294967295
ipset create x hash:ip maxelem 4294967296
ipset create x hash:ip netmask 33
ipset create x hash:ip netmask 24 bitmask 255.0.0.0
ipset create x hash:ip timeout -1
ipset create x hash:ip timeout 2147484
ipset create x hash:ip range 1.1.1.1
ipset create x hash:ip hashsize 64 hashsize 128
ipset create x hash:ip -6 -4
ipset create x hash:ip family inet family inet6
ipset create x hash:foo
ipset create x
ipset create
ipset create y hash:ip gc 5 probes 4 resize 50 initval 1
ipset create z iphash --hashsize 2048 initval 1
ipset list y -t
ipset list z -t
`,
  'rules that name them': `
ipset create a hash:ip initval 1
ipset create b hash:ip,port initval 1
ipset create l list:set
ipset create six hash:net family inet6 initval 1
iptables -A INPUT -m set --match-set a src
iptables -A INPUT -m set ! --match-set b src,dst --return-nomatch ! --update-counters ! --update-subcounters --packets-eq 5 --bytes-gt 7
iptables -A INPUT -m set --match-set b src,dst ! --packets-eq 5 ! --bytes-eq 7
iptables -A INPUT -m set --match-set b src,dst --packets-lt 18446744073709551615 --bytes-lt 0x10
iptables -A INPUT -m set --match-set b src,dst,src,dst,src,dst
iptables -A INPUT -m set --match-set b src,dst,src,dst,src,dst,src
iptables -A INPUT -m set --match-set b foo
iptables -A INPUT -m set --match-set zip src
iptables -A INPUT -m set --match-set six src
iptables -A INPUT -m set --match-set abcdefghijklmnopqrstuvwxyzabcdefghijk src
iptables -A INPUT -m set --match-set a
iptables -A INPUT -m set --match-set
iptables -A INPUT -m set --update-counters --match-set a src
iptables -A INPUT -m set --match-set a src --packets-lt foo
iptables -A INPUT -m set --match-set l src
ip6tables -A INPUT -m set --match-set six src
ip6tables -A INPUT -m set --match-set a src
iptables -A INPUT -j SET --add-set a src --exist --timeout 10
iptables -A INPUT -j SET --add-set a src --timeout 4294967295
iptables -A INPUT -j SET --add-set a src --del-set b src,dst
iptables -A INPUT -j SET --del-set b src,dst --exist
iptables -A INPUT -j SET --timeout 5
iptables -A INPUT -j SET
iptables -A INPUT -j SET --map-set a src --map-mark
iptables -t mangle -A PREROUTING -j SET --map-set a src --map-mark
iptables -t mangle -A PREROUTING -j SET --map-set a src --map-prio
iptables -t mangle -A PREROUTING -j SET --map-set a src
iptables -t mangle -A FORWARD -j SET --map-set a src --map-prio --map-queue --map-mark --add-set b src,dst --del-set a src --exist --timeout 7
iptables -t mangle -N own
iptables -t mangle -A own -j SET --map-set a src --map-queue
iptables -t mangle -A PREROUTING -j own
iptables -A INPUT -j SET --map-mark
iptables -A INPUT -j SET --add-set zip src
iptables-save -t filter
iptables-save -t mangle
iptables -nL INPUT
iptables -t mangle -nL FORWARD
ipset list -t
ipset destroy a
ipset destroy
ipset rename a c
ipset flush
iptables -F
iptables -t mangle -F
ip6tables -F
ipset list -t
ipset rename a c
`,
  'accounting objects': `
nfacct
nfacct foo
nfacct list
nfacct add
nfacct add a
nfacct add a
nfacct add b byte 100
nfacct add c packet 5
nfacct add d foo 5
nfacct add e byte
nfacct add e byte foo
nfacct add abcdefghijklmnopqrstuvwxyzabcdefghijklmn
nfacct list
nfacct get a
nfacct get zz
nfacct get
nfacct del zz
nfacct delete
nfacct list xml
nfacct list reset
nfacct list foo
nfacct get a xml
nfacct get a reset
nfacct get a foo
nfacct flush x
nfacct del a x
nfacct add a x
nfacct add q byte 5 x
nfacct get b reset xml
nfacct del c
iptables -A INPUT -m nfacct --nfacct-name a
iptables -A INPUT -m nfacct --nfacct-name zz
iptables -nL INPUT
iptables-save -t filter
nfacct del a
nfacct flush
nfacct list
iptables -F
nfacct flush
nfacct list
`,
  'the command line': `
ipset
ipset foo
ipset -exist
ipset -x list
ipset version
ipset -V
ipset cr a hash:ip initval 1
ipset a a 1.1.1.1
ipset -A a 1.1.1.2
ipset l a
ipset s a
ipset d a 1.1.1.1
ipset -T a 1.1.1.2
ipset -q test a 9.9.9.9
ipset -q add a 1.1.1.2
ipset -q test a 1.1.1.2
ipset -! del a 9.9.9.9
ipset add a 1.1.1.3 -exist
ipset add a 1.1.1.3 --exist
ipset --list -t
ipset -L -n
ipset -S a
ipset list a extra
ipset destroy a extra
ipset list -o save a
ipset list a -output save
ipset list a -o foo
ipset list a -o
ipset save a -o plain
ipset swap a
ipset flush a -x
ipset add a
ipset add
ipset add zz 1
ipset -F a
ipset -X a
ipset -L
`,
};

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
