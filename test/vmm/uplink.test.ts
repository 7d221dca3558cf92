/** The way out by a TAP device: a network namespace of the kernel routes for the guests, set up by the commands that are printed. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseAddress } from '../../src/stack/address.ts';
import { parseNetworkFile, RunningNetwork, uplinkCommands } from '../../src/vmm/index.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { stackGuest, StackNic, type StackGuest } from './stack-guest.ts';

/** Addresses beyond, and what is said there. */
const SERVERS = [
  ['198.51.100.7', 'four'],
  ['2001:db8:7::7', 'six'],
] as const;
const FILE = (namespace: string) => `address: [192.168.122.1/24, 'fd00:122::1/64']
uplink: tap:up0@/run/netns/${namespace}
rules: |
  *filter
  :FORWARD DROP [0:0]
  -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
  -A FORWARD -i lan -o wan -p tcp --dport 8000 -j ACCEPT
  COMMIT
`;

describe('a network whose way out is a TAP device', function () {
  this.timeout(60_000);
  const namespace = `sluice-uplink-${process.pid}`;
  const inside = (...words: string[]) =>
    execFileSync('ip', ['netns', 'exec', namespace, ...words], { encoding: 'utf8' });
  let network: RunningNetwork | undefined;
  const children: ChildProcess[] = [];

  before(function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    for (const program of ['ip', 'busybox', 'iptables', 'nsenter'])
      requireOrSkip(this, `needs ${program}`, hasProgram(program));
    execFileSync('ip', ['netns', 'add', namespace]);
  });

  after(async () => {
    await network?.close();
    for (const child of children) child.kill('SIGKILL');
    spawnSync('ip', ['netns', 'del', namespace]);
  });

  it('has the kernel route and translate for the guests, whom the gateway’s rules hold for', async () => {
    const nic = new StackNic();
    const plan = parseNetworkFile({ text: FILE(namespace), file: 'network.yaml' });
    network = new RunningNetwork({ ...plan, guests: [{ name: 'web', attachment: { kind: 'own', nic } }] });
    await network.start();
    for (const command of uplinkCommands(plan)) execFileSync('sh', ['-c', command], { stdio: 'ignore' });
    inside('ip', 'link', 'set', 'lo', 'up');
    for (const [address] of SERVERS) inside('ip', 'address', 'add', address, 'dev', 'lo');
    inside('iptables', '-A', 'INPUT', '-i', 'up0', '-p', 'tcp', '--dport', '8000');
    for (const [address, text] of SERVERS) {
      const words = ['netns', 'exec', namespace, process.execPath, '-e', serverOf(address, text)];
      const server = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(server);
      await once(server.stdout, 'data');
    }
    const guest = stackGuest(
      network.engine,
      nic,
      ['192.168.122.5/24', 'fd00:122::5/64'],
      ['192.168.122.1', 'fd00:122::1'],
    );
    for (const [address, text] of SERVERS) {
      assert.equal(await heardFrom(network, guest, address), text);
    }
    assert.match(inside('iptables', '-nvxL', 'INPUT', '1'), /^ +[1-9]/);
    assert.match(
      network.rules(),
      /\[[1-9]\d*:\d+\] -A FORWARD -i lan -o wan -p tcp -m tcp --dport 8000 -j ACCEPT/,
    );
    await assert.rejects(network.forward('0=web:80'), /the way out is tap:up0/);
  });

  for (const [what, more, pattern] of [
    ['forwards', 'forwards: [8080=web:80]', /^network\.yaml:2: forwards: are sockets of this machine/],
    [
      'names alone',
      'names: { allow: [a.example], only: true }',
      /^network\.yaml:2: names\.only: .*names\.sets/,
    ],
    [
      'limits of connections',
      'limits: { connections: 3 }',
      /^network\.yaml:2: limits\.connections: .*connlimit/,
    ],
  ] as const) {
    it(`is refused with what only sockets keep: ${what}`, () => {
      assert.throws(
        () => parseNetworkFile({ text: `uplink: tap:up0\n${more}\n`, file: 'network.yaml' }),
        (error: { describe(): string }) => pattern.test(error.describe()),
      );
    });
  }
});

/** What is said at an address, up to its end. */
function heardFrom({ engine }: RunningNetwork, { tcp }: StackGuest, address: string): Promise<string> {
  const { family, words } = parseAddress(address)!;
  engine.clock.catchUp();
  return new Promise((done) => {
    let heard = '';
    tcp.connect(
      { family, remote: words, remotePort: 8000 },
      {
        onReadable: (connection) => {
          const bytes = connection.peek().slice();
          heard += Buffer.from(bytes).toString();
          connection.consume(bytes.length);
        },
        onEnd: () => done(heard),
        onClose: (_connection, error) => done(`${heard}, then ${error?.code}`),
      },
    );
  });
}

/** A server in a process of its own, since it has to be in the namespace. */
function serverOf(address: string, text: string): string {
  return `require('node:net').createServer((s) => s.end('${text}')).listen(8000, '${address}', () => console.log('ready'))`;
}
