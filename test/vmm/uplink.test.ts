/**
 * The way out by a TAP device: a network namespace of the kernel routes and translates for the guests, set up by the commands that
 * are printed. Who is reached is in another one, behind a wire, and knows of no network of guests:
 *
 *     guest ─ gateway (rules) ─ up0 ┄ router: MASQUERADE ─ veth ─ far: servers that say who asks
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseAddress } from '../../src/stack/address.ts';
import { parseNetworkFile, RunningNetwork, uplinkCommands } from '../../src/vmm/index.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { stackGuest, StackNic, type StackGuest } from './stack-guest.ts';

/** Both ends of the wire, by family. */
const WIRES = [
  { router: '198.51.100.1', far: '198.51.100.7', length: 24 },
  { router: '2001:db8:7::1', far: '2001:db8:7::7', length: 64 },
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
  const router = `sluice-uplink-${process.pid}`;
  const far = `sluice-far-${process.pid}`;
  let network: RunningNetwork | undefined;
  const children: ChildProcess[] = [];

  before(function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    for (const program of ['ip', 'busybox', 'iptables', 'nsenter'])
      requireOrSkip(this, `needs ${program}`, hasProgram(program));
    for (const namespace of [router, far]) execFileSync('ip', ['netns', 'add', namespace]);
    const pair = ['link', 'add', 'eth0', 'netns', router, 'type', 'veth', 'peer', 'eth0', 'netns', far];
    execFileSync('ip', pair);
    for (const [end, namespace] of [
      ['router', router],
      ['far', far],
    ] as const) {
      const inside = (...words: string[]) => execFileSync('ip', ['-n', namespace, ...words]);
      for (const wire of WIRES)
        inside('address', 'add', `${wire[end]}/${wire.length}`, 'dev', 'eth0', ...noDad(wire[end]));
      inside('link', 'set', 'eth0', 'up');
    }
  });

  after(async () => {
    await network?.close();
    for (const child of children) child.kill('SIGKILL');
    for (const namespace of [router, far]) spawnSync('ip', ['netns', 'del', namespace]);
  });

  it('has the kernel route and translate for the guests, whom the gateway’s rules hold for: beyond, its address is seen alone', async () => {
    const nic = new StackNic();
    const plan = parseNetworkFile({ text: FILE(router), file: 'network.yaml' });
    network = new RunningNetwork({ ...plan, guests: [{ name: 'web', attachment: { kind: 'own', nic } }] });
    await network.start();
    for (const command of uplinkCommands(plan)) execFileSync('sh', ['-c', command], { stdio: 'ignore' });
    for (const wire of WIRES) {
      const words = ['netns', 'exec', far, process.execPath, '-e', serverAt(wire.far)];
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
    for (const wire of WIRES) {
      assert.equal(await heardFrom(network, guest, wire.far), wire.router);
    }
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

/** A server that tells whoever asks by which address it knows him; in a process of its own, since it has to be in the namespace. */
function serverAt(address: string): string {
  return `require('node:net').createServer((s) => s.end(s.remoteAddress)).listen(8000, '${address}', () => console.log('ready'))`;
}

/** An address of IPv6 is otherwise looked for on the wire first. */
function noDad(address: string): string[] {
  return address.includes(':') ? ['nodad'] : [];
}
