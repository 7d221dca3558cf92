import assert from 'node:assert/strict';
import { Lab, parseLab } from '../../../src/lab/index.ts';
import { parseRestore } from '../../../src/netfilter/syntax/index.ts';
import { programNamed } from '../../../src/programs/index.ts';
import { Prompt } from '../support.ts';

const TCP = '-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 --state ESTABLISHED -t 1000';

describe('conntrack', () => {
  let prompt: Prompt;
  beforeEach(() => {
    prompt = new Prompt();
  });

  it('makes a connection that packets would find, lists it and deletes it', () => {
    assert.equal(
      prompt.run(`conntrack -I ${TCP} -u ASSURED,SEEN_REPLY -m 5`).err,
      'conntrack v1.4.7 (conntrack-tools): 1 flow entries have been created.\n',
    );
    const line =
      'tcp      6 1000 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 ' +
      'src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=5 use=1\n';
    assert.equal(prompt.run('conntrack -L').out, line);
    assert.equal(prompt.run('conntrack -C').out, '1\n');
    assert.equal(prompt.run('conntrack -D -m 5').out, line);
    assert.equal(prompt.gateway.conntrack.count, 0);
  });

  it('prints options that make the same connection again', () => {
    prompt.run(`conntrack -I ${TCP} --dst-nat 10.9.9.9:8080 -u SEEN_REPLY -w 3`);
    prompt.run(
      'conntrack -I -p sctp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 --state ESTABLISHED -t 9 --orig-vtag 7 --reply-vtag 8',
    );
    prompt.run('conntrack -I -p icmp -s 10.0.0.3 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 77 -t 30');
    const saved = prompt.run('conntrack -L -o save').out;
    const other = new Prompt();
    for (const line of saved.trim().split('\n')) assert.equal(other.run(`conntrack ${line}`).status, 0, line);
    assert.equal(other.run('conntrack -L -o save').out, saved);
    assert.match(saved, / -g 10\.9\.9\.9 .*--orig-vtag 7 --reply-vtag 8/s);
  });

  it('shows counters and the start where they are kept, and zeroes what it showed', () => {
    prompt.gateway.sysctls.set('net.netfilter.nf_conntrack_acct', 1);
    prompt.gateway.sysctls.set('net.netfilter.nf_conntrack_timestamp', 1);
    prompt.run(`conntrack -I ${TCP}`);
    const { connections } = prompt.gateway.conntrack;
    connections.now = prompt.clock.now;
    connections.addCounters(1);
    connections.addStart(1);
    connections.countPacket(1, 0, 84);
    assert.match(
      prompt.run('conntrack -L -z -o ktimestamp').out,
      /dport=80 packets=1 bytes=84 .* delta-time=0 \[start=Fri Nov 20 14:14:00 2026\] use=1\n$/,
    );
    assert.match(prompt.run('conntrack -L').out, /packets=0 bytes=0/);
    assert.match(
      prompt.run('conntrack -L -o xml,ktimestamp').out,
      /<counters><packets>0<\/packets><bytes>0<\/bytes><\/counters>.*<timestamp><start>1795184040000000000<\/start><\/timestamp><deltatime>0/,
    );
  });

  it('tells of what programs do, in every form', () => {
    const watching = ['', '-o timestamp', '-e DESTROY', '-p udp', '-o xml,timestamp', '-o save'].map(
      (options) => prompt.start(`conntrack -E ${options}`),
    );
    prompt.run(`conntrack -I ${TCP}`);
    prompt.run('conntrack -U -f ipv4 -p tcp -m 9');
    prompt.clock.advanceTo(prompt.clock.now + 1_500_000);
    prompt.run('conntrack -F');
    for (const one of watching) one.interrupt();
    const [plain, stamped, gone, udp, xml, save] = watching.map(({ out }) => out);
    const flow =
      'src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000';
    const by = '[USERSPACE] portid=1 progname=conntrack';
    assert.deepEqual(plain!.split('\n'), [
      `    [NEW] tcp      6 1000 ESTABLISHED ${flow} ${by}`,
      ` [UPDATE] tcp      6 1000 ESTABLISHED ${flow} mark=9 ${by}`,
      `[DESTROY] tcp      6 998 ESTABLISHED ${flow} mark=9 ${by}`,
      '',
    ]);
    assert.match(
      stamped!,
      /^\[1795184040\.000000\]\t {4}\[NEW\] .*\n.*\n\[1795184041\.500000\]\t\[DESTROY\] /,
    );
    assert.match(gone!, /^\[DESTROY\] .*\n$/);
    assert.equal(udp, '');
    assert.match(
      xml!,
      /^<\?xml .*<flow type="new">.*<when><hour>14<\/hour><min>14<\/min>.*<wday>6<\/wday>.*<\/conntrack>\n$/s,
    );
    assert.match(save!, /^-A -t 1000 .*\n-U -t 1000 .*\n-D -t 998 /);
    assert.equal(watching[0]!.err, 'conntrack v1.4.7 (conntrack-tools): 3 flow events have been shown.\n');
    assert.equal(watching[0]!.status, 0);
  });

  it('tells of a TCP connection from its first packet to its last, as the kernel does', () => {
    const lab = new Lab(
      parseLab({
        file: 'lab.yaml',
        text: `
topology:
  nodes:
    fw:
      kind: gateway
      interfaces: { eth0: 10.0.0.1/24, eth1: 10.1.0.1/24 }
      rules: |
        *filter
        -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
        COMMIT
    a: { interfaces: { eth0: 10.0.0.2/24 }, gateway: 10.0.0.1 }
    b: { interfaces: { eth0: 10.1.0.2/24 }, gateway: 10.1.0.1, services: { 80: hello } }
  links:
    - endpoints: ['a:eth0', 'fw:eth0']
    - endpoints: ['b:eth0', 'fw:eth1']
`,
      }),
    );
    let out = '';
    const output = { write: (text: string) => void (out += text), flush: () => {} };
    const interrupt = programNamed('conntrack')!.start({
      name: 'conntrack',
      args: ['-E'],
      node: { kind: 'host', name: 'fw', gateway: lab.host('fw').gateway },
      clock: lab.clock,
      io: { out: output, err: { write: () => {}, flush: () => {} }, env: {} },
      exit: () => {},
    })!;
    lab.host('a').tcp.connect(
      { family: 4, remote: Int32Array.of((10 << 24) | 0x10002, 0, 0, 0), remotePort: 80 },
      {
        onReadable: (connection) => connection.consume(connection.peek().length),
        onEnd: (connection) => connection.close(),
      },
    );
    lab.run(1e6);
    interrupt();
    assert.deepEqual(
      out.split('\n').map((line) => /^ *\[(\w+)\] tcp +6 (\d+ \w+)/.exec(line)?.slice(1).join(' ')),
      [
        'NEW 120 SYN_SENT',
        'UPDATE 60 SYN_RECV',
        'UPDATE 432000 ESTABLISHED',
        'UPDATE 120 FIN_WAIT',
        'UPDATE 60 CLOSE_WAIT',
        'UPDATE 30 LAST_ACK',
        'UPDATE 120 TIME_WAIT',
        undefined,
      ],
    );
  });

  it('costs the short way of flows only while somebody watches', () => {
    prompt.run(`conntrack -I ${TCP}`);
    const { conntrack } = prompt.gateway;
    assert.equal(conntrack.mayAlter(1), false);
    const watching = prompt.start('conntrack -E');
    assert.equal(conntrack.mayAlter(1), true);
    watching.interrupt();
    assert.equal(conntrack.mayAlter(1), false);
  });

  it('refuses words in the way of the tool, with status 2 and nothing done', () => {
    const said = prompt.run('conntrack -D -p tcp --sport');
    assert.deepEqual(
      [said.status, said.err],
      [
        2,
        "conntrack v1.4.7 (conntrack-tools): option `--sport' requires an argument\n" +
          "Try `conntrack -h' or 'conntrack --help' for more information.\n",
      ],
    );
    for (const words of [
      '-L __proto__',
      '-L -o __proto__',
      '-L -u __proto__',
      '-E -e constructor',
      '-L -p tcp --state toString',
    ]) {
      assert.equal(prompt.run(`conntrack ${words}`).status, 2, words);
    }
  });

  it('prints help that names every option', () => {
    assert.match(prompt.run('conntrack -h').out, /-L, --dump \[TABLE\].*--orig-zone VALUE/s);
    assert.equal(prompt.run('conntrack').out, prompt.run('conntrack --help').out);
  });

  describe('with names for labels', () => {
    const [first, second] = [1, 2].map(
      (port) => `-p udp -s 10.0.0.1 -d 10.0.0.2 --sport ${port} --dport 2 -t 100`,
    );
    beforeEach(() => {
      prompt.gateway.objects.labels.read('1 one\n40 forty\n');
    });

    function asksForLabels(): void {
      const { objects } = prompt.gateway;
      const rules = '*filter\n-A INPUT -m connlabel --label forty --set\nCOMMIT\n';
      prompt.gateway.load(parseRestore(rules, { family: 4, objects }));
    }

    it('gives labels to connections that began while a rule asks for labels, and to no others', () => {
      prompt.run(`conntrack -A ${first!} --label-add one`);
      asksForLabels();
      assert.equal(
        prompt.run('conntrack -U -f ipv4 --label-add one').err.split('\n')[0],
        'Operation failed: No space left on device',
      );
      prompt.run(`conntrack -A ${second!} --label-add one,forty`);
      assert.equal(
        prompt.run('conntrack -L -o labels').out.split('\n')[1]!.split(' ').at(-1),
        'labels=one,forty',
      );
      assert.match(prompt.run('conntrack -L -l one').err, /: 1 flow entries/);
    });

    it('tells of labels while it watches', () => {
      asksForLabels();
      const watched = prompt.start('conntrack -E -o labels');
      prompt.run(`conntrack -A ${first!} --label-add forty`);
      prompt.run('conntrack -U -f ipv4 --label-del forty');
      prompt.run('conntrack -U -f ipv4 --label-add one,forty');
      prompt.run('conntrack -D');
      watched.interrupt();
      const told = watched.out
        .split('\n')
        .map((line) => [line.slice(0, 9).trim(), /labels\S*/.exec(line)?.[0]]);
      assert.deepEqual(told.slice(0, -1), [
        ['[NEW]', 'labels=forty'],
        ['[UPDATE]', undefined],
        ['[UPDATE]', 'labels=one,forty'],
        ['[DESTROY]', undefined],
      ]);
    });
  });

  it('loads what -o save printed, all lines read before the first is carried out', () => {
    prompt.run(`conntrack -I ${TCP} -u ASSURED,SEEN_REPLY`);
    const saved = prompt.run('conntrack -L -o save').out;
    prompt.files.set('table', `# saved\n${saved}`);
    prompt.files.set('broken', `-F\n${saved}-A -p nope\n`);
    assert.equal(prompt.run('conntrack -R broken').status, 2);
    assert.equal(prompt.gateway.conntrack.count, 1);
    prompt.run('conntrack -F');
    assert.deepEqual(prompt.run('conntrack -R table').status, 0);
    assert.equal(prompt.run('conntrack -L -o save').out, saved);
  });
});
