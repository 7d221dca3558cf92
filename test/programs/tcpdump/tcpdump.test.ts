import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Lab, parseLab } from '../../../src/lab/index.ts';
import { liveNode } from '../../../src/lab/index.ts';
import { programNamed } from '../../../src/programs/index.ts';
import { compileFilter } from '../../../src/programs/tcpdump/expression.ts';
import { FilterMistake } from '../../../src/programs/tcpdump/lexer.ts';

const LAB = `
topology:
  nodes:
    fw:
      kind: gateway
      interfaces:
        eth0: { mac: "02:00:00:00:00:01", addresses: [10.0.0.1/24] }
        eth1: { mac: "02:00:00:00:00:02", addresses: [10.1.0.1/24] }
      rules: |
        *nat
        -A POSTROUTING -o eth1 -j MASQUERADE
        COMMIT
    a: { interfaces: { eth0: { mac: "02:00:00:00:01:01", addresses: [10.0.0.2/24] } }, gateway: 10.0.0.1 }
    b: { interfaces: { eth0: 10.1.0.2/24 }, gateway: 10.1.0.1, services: { 80: hello } }
  links:
    - endpoints: ['a:eth0', 'fw:eth0']
    - endpoints: ['b:eth0', 'fw:eth1']
`;

describe('tcpdump', () => {
  let lab: Lab;
  const files = new Map<string, number[]>();
  beforeEach(() => {
    lab = new Lab(parseLab({ text: LAB, file: 'lab.yaml' }));
    files.clear();
  });

  function start(line: string) {
    const said = { out: '', err: '', status: -1, interrupt: () => {} };
    const interrupt = programNamed('tcpdump')!.start({
      name: 'tcpdump',
      args: line.split(' ').filter((word) => word !== ''),
      node: liveNode(lab, 'fw'),
      clock: lab.clock,
      io: {
        out: { write: (text) => void (said.out += text), flush: () => {} },
        err: { write: (text) => void (said.err += text), flush: () => {} },
        env: {},
        createFile: (path) => {
          const bytes: number[] = [];
          files.set(path, bytes);
          return { write: (more, from, to) => void bytes.push(...more.subarray(from, to)), close: () => {} };
        },
      },
      exit: (status) => void (said.status = status),
    });
    if (interrupt !== undefined) said.interrupt = interrupt;
    return said;
  }

  /** a connects to b, through fw. */
  function connect(): void {
    lab
      .host('a')
      .tcp.connect(
        { family: 4, remote: Int32Array.of((10 << 24) | 0x10002, 0, 0, 0), remotePort: 80 },
        { onReadable: (one) => one.consume(one.peek().length), onEnd: (one) => one.close() },
      );
    lab.run(1e6);
  }

  it('shows frames as they come in, before any rule, and as they leave, after all', () => {
    const inside = start('-n -i eth0 tcp[tcpflags] == tcp-syn');
    const outside = start('-n -i eth1 tcp[tcpflags] == tcp-syn');
    connect();
    assert.match(
      inside.out,
      /^00:00:00\.\d{6} IP 10\.0\.0\.2\.\d+ > 10\.1\.0\.2\.80: Flags \[S\], seq \d+, .*\n$/,
    );
    assert.match(outside.out, /^\S+ IP 10\.1\.0\.1\.\d+ > 10\.1\.0\.2\.80: Flags \[S\]/);
    inside.interrupt();
    assert.equal(
      inside.err.split('\n').slice(1).join('\n'),
      'listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n' +
        '1 packet captured\n1 packet received by filter\n0 packets dropped by kernel\n',
    );
    assert.equal(inside.status, 0);
    const before = inside.out;
    connect();
    assert.equal(inside.out, before, 'nothing is shown behind its end');
  });

  it('ends after so many, shows the link, one direction, and every interface', () => {
    const two = start('-c 2 -e -t');
    const incoming = start('-i any -Q in -t arp');
    connect();
    assert.equal(two.status, 0);
    assert.deepEqual(two.out.split('\n'), [
      '02:00:00:00:01:01 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 10.0.0.1 tell 10.0.0.2, length 28',
      '02:00:00:00:00:01 > 02:00:00:00:01:01, ethertype ARP (0x0806), length 42: Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28',
      '',
    ]);
    assert.deepEqual(
      incoming.out
        .trim()
        .split('\n')
        .map((line) => line.slice(0, 20)),
      ['eth0  In  ARP, Reque', 'eth1  In  ARP, Reply'],
    );
  });

  it('writes a capture', () => {
    const writing = start('-i eth1 -w out.pcap tcp');
    connect();
    writing.interrupt();
    const bytes = Uint8Array.from(files.get('out.pcap')!);
    assert.equal(new DataView(bytes.buffer).getUint32(0, true), 0xa1b2c3d4);
    assert.match(writing.err, /^tcpdump: listening on eth1, .*\n[1-9]\d* packets captured/);
  });

  it('refuses what it does not know, and shows nothing then', () => {
    assert.equal(start('-i eth9').err, 'tcpdump: eth9: No such device exists\n(No such device exists)\n');
    assert.match(
      start('port nonesuch').err,
      /^tcpdump: can't parse filter expression: unknown port 'nonesuch'/,
    );
    assert.equal(start('-Z').status, 1);
    assert.equal(start('-c 0').err, 'tcpdump: invalid packet count 0\n');
    for (const device of lab.host('fw').gateway.host.devices.all()) assert.equal(device.tap, null);
  });

  it('survives any filter and any frame', () => {
    const word = fc.constantFrom(
      ...[
        'ip',
        'tcp',
        'host',
        'port',
        'net',
        '10.0.0.1',
        'and',
        'or',
        'not',
        '(',
        ')',
        '[',
        ']',
        '80',
        '=',
        '&',
        'vlan',
        'src',
      ],
      ...[
        'tcp[0:4]',
        '__proto__',
        'len',
        ':',
        '-',
        '/',
        'fe80::/10',
        'ether',
        'proto',
        '\\tcp',
        '<<',
        'mask',
      ],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), fc.uint8Array({ maxLength: 80 }), (words, bytes) => {
        try {
          const test = compileFilter(words.join(' '));
          test({ bytes, start: 0, end: bytes.length, length: bytes.length, hasEthernet: true, isOut: false });
        } catch (error) {
          assert.ok(error instanceof FilterMistake, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
