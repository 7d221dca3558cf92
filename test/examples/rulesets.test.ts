/**
 * The rulesets of examples/rulesets: each loads, prints the same again and does what its makers want of it, on packets made
 * here; and the kernel, where it can be asked, does the same with each of these packets.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SeededRng, VirtualClock } from '../../src/base/index.ts';
import { compareAnswers } from '../../src/conform/compare.ts';
import { echo, ethernet, tcp, udp, type Ends } from '../../src/conform/frames.ts';
import { askKernel, type KernelCase, type Step } from '../../src/conform/kernel/ask.ts';
import { parseGateway } from '../../src/conform/kernel/gateway-file.ts';
import { askReplay } from '../../src/conform/sluice.ts';
import { makeNamedObjects } from '../../src/netfilter/named-objects.ts';
import { makeObjects } from '../../src/netfilter/object-settings.ts';
import { parseRestore, printTable } from '../../src/netfilter/syntax/index.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';

const FOLDER = fileURLToPath(new URL('../../examples/rulesets/', import.meta.url));
const FAR = '198.51.100.7';
const GATEWAY = '203.0.113.1';
const MAC = { outside: '02:00:00:00:01:02', inside: '02:00:00:00:01:01' } as const;
const GATEWAY_MAC: Readonly<Record<string, string>> = {
  outside: '02:00:00:00:00:01',
  inside: '02:00:00:00:00:02',
};

/** One packet, and what is to become of it. */
interface Sent {
  readonly says: string;
  readonly from: 'outside' | 'inside';
  readonly packet: readonly number[];
  /** What leaves on account of it: `IFACE SOURCE > DESTINATION`, with ports where it has some. */
  readonly out: readonly string[];
}

const syn = (ends: Ends, dport: number, sport = 40000) => tcp(ends, { sport, dport, seq: 1, flags: 'S' });
const ping = (ends: Ends) => echo(ends, false, 1, 1, [1, 2, 3, 4]);

function outside(says: string, packet: readonly number[], ...out: readonly string[]): Sent {
  return { says, from: 'outside', packet, out };
}

function inside(says: string, packet: readonly number[], ...out: readonly string[]): Sent {
  return { says, from: 'inside', packet, out };
}

const to = (destination: string, source = FAR): Ends => ({ from: source, to: destination });

const TRAFFIC: Readonly<Record<string, readonly Sent[]>> = {
  docker: [
    outside(
      'the published port leads to the container',
      syn(to(GATEWAY), 8080),
      `docker0 ${FAR}:40000 > 172.17.0.2:80`,
    ),
    inside(
      'and its answers come from that port',
      tcp({ from: '172.17.0.2', to: FAR }, { sport: 80, dport: 40000, seq: 9, ack: 2, flags: 'SA' }),
      `eth0 ${GATEWAY}:8080 > ${FAR}:40000`,
    ),
    inside(
      'the container goes out under the name of the host',
      syn(to(FAR, '172.17.0.2'), 443),
      `eth0 ${GATEWAY}:40000 > ${FAR}:443`,
    ),
    outside('nobody reaches the container past the published port', syn(to('172.17.0.2'), 22)),
  ],
  'kube-proxy': [
    outside(
      'a port of the node leads to the pod, masqueraded',
      syn(to(GATEWAY), 30080),
      'cni0 10.244.1.1:40000 > 10.244.1.10:8080',
    ),
    inside(
      'a pod reaches the service by its cluster address',
      syn(to('10.96.0.20', '10.244.1.11'), 80),
      'cni0 10.244.1.11:40000 > 10.244.1.10:8080',
    ),
    inside(
      'a pod that reaches itself is masqueraded',
      syn(to('10.96.0.20', '10.244.1.10'), 80, 40001),
      'cni0 10.244.1.1:40001 > 10.244.1.10:8080',
    ),
  ],
  istio: [
    outside(
      'what comes in goes to the proxy, whose port is closed here',
      syn(to(GATEWAY), 8080),
      `eth0 ${GATEWAY}:8080 > ${FAR}:40000`,
    ),
    outside(
      "but not what is for the proxy's health check",
      syn(to(GATEWAY), 15021),
      `eth0 ${GATEWAY}:15021 > ${FAR}:40000`,
    ),
  ],
  ufw: [
    outside('an allowed port answers', syn(to(GATEWAY), 22), `eth0 ${GATEWAY}:22 > ${FAR}:40000`),
    outside('others are silent', syn(to(GATEWAY), 23)),
    outside('pings are answered', ping(to(GATEWAY)), `eth0 ${GATEWAY} > ${FAR}`),
    ...Array.from({ length: 5 }, (_, i) =>
      outside(
        `attempt ${i + 1} at a limited port is let through`,
        syn(to(GATEWAY), 2222, 40010 + i),
        `eth0 ${GATEWAY}:2222 > ${FAR}:${40010 + i}`,
      ),
    ),
    outside('the sixth is refused', syn(to(GATEWAY), 2222, 40020), `eth0 ${GATEWAY} > ${FAR}`),
  ],
  firewalld: [
    outside(
      'ssh is open to the public',
      syn(to(GATEWAY, '192.0.2.7'), 22),
      `eth0 ${GATEWAY}:22 > 192.0.2.7:40000`,
    ),
    outside('but not to the networks of the drop list', syn(to(GATEWAY), 22)),
    outside('https is not', syn(to(GATEWAY, '192.0.2.7'), 443, 40001), `eth0 ${GATEWAY} > 192.0.2.7`),
    inside('yet it is inside', syn(to('10.0.0.1', '10.0.0.2'), 443), 'eth1 10.0.0.1:443 > 10.0.0.2:40000'),
    inside(
      'the inside goes out, masqueraded',
      syn(to(FAR, '10.0.0.2'), 80),
      `eth0 ${GATEWAY}:40000 > ${FAR}:80`,
    ),
    outside('and nobody comes in', syn(to('10.0.0.2', '192.0.2.7'), 80), `eth0 ${GATEWAY} > 192.0.2.7`),
  ],
  shorewall: [
    outside('the net may ping', ping(to(GATEWAY)), `eth0 ${GATEWAY} > ${FAR}`),
    outside('and nothing else', syn(to(GATEWAY), 22)),
    outside('nor may who was banned', ping(to(GATEWAY, '198.51.100.66'))),
    inside(
      'the local network goes out, masqueraded',
      syn(to(FAR, '10.0.0.2'), 80),
      `eth0 ${GATEWAY}:40000 > ${FAR}:80`,
    ),
    inside('it may log in here', syn(to('10.0.0.1', '10.0.0.2'), 22), 'eth1 10.0.0.1:22 > 10.0.0.2:40000'),
    inside('other ports are reset', syn(to('10.0.0.1', '10.0.0.2'), 25), 'eth1 10.0.0.1:25 > 10.0.0.2:40000'),
    inside(
      'flags that no segment has are dropped',
      tcp(to(FAR, '10.0.0.2'), { sport: 1, dport: 2, seq: 1, flags: 'SF' }),
    ),
  ],
  libvirt: [
    inside(
      'a guest goes out, masqueraded',
      udp(to(FAR, '192.168.122.2'), 40000, 123, []),
      `eth0 ${GATEWAY}:40000 > ${FAR}:123`,
    ),
    outside(
      'its answers come back',
      udp(to(GATEWAY), 123, 40000, []),
      `virbr0 ${FAR}:123 > 192.168.122.2:40000`,
    ),
    outside('nobody else comes in', syn(to('192.168.122.2'), 22), `eth0 ${GATEWAY} > ${FAR}`),
    inside(
      'a guest with a foreign address is refused',
      udp(to(FAR, '192.0.2.9'), 1, 2, []),
      `eth0 ${GATEWAY} > 192.0.2.9`,
    ),
  ],
  fail2ban: [
    outside('ssh is open', syn(to(GATEWAY, '192.0.2.7'), 22), `eth0 ${GATEWAY}:22 > 192.0.2.7:40000`),
    outside('to others than who was banned', syn(to(GATEWAY), 22), `eth0 ${GATEWAY} > ${FAR}`),
    outside('who may still see the web server', syn(to(GATEWAY), 80), `eth0 ${GATEWAY}:80 > ${FAR}:40000`),
    outside(
      'but not those who came again',
      syn(to(GATEWAY, '192.0.2.66'), 80),
      `eth0 ${GATEWAY} > 192.0.2.66`,
    ),
  ],
  openwrt: [
    outside(
      'the forwarded port leads inside',
      syn(to(GATEWAY), 8080),
      `br-lan ${FAR}:40000 > 192.168.1.2:80`,
    ),
    inside(
      'also for the inside, by reflection',
      syn(to(GATEWAY, '192.168.1.3'), 8080),
      'br-lan 192.168.1.1:40000 > 192.168.1.2:80',
    ),
    inside(
      'the inside goes out, masqueraded',
      syn(to(FAR, '192.168.1.2'), 443),
      `eth0 ${GATEWAY}:40000 > ${FAR}:443`,
    ),
    outside('pings are answered', ping(to(GATEWAY)), `eth0 ${GATEWAY} > ${FAR}`),
    outside('all else is refused', syn(to(GATEWAY), 22), `eth0 ${GATEWAY}:22 > ${FAR}:40000`),
    outside(
      'and so it is on the way in',
      syn(to('192.168.1.2'), 22, 40002),
      `eth0 192.168.1.2:22 > ${FAR}:40002`,
    ),
  ],
};

function question(name: string): KernelCase {
  const read = (file: string) => readFileSync(join(FOLDER, name, file), 'utf8');
  const gateway = parseGateway(read('gateway.yaml'), `${name}/gateway.yaml`);
  const [first = '', second = ''] = Object.keys(gateway.interfaces);
  const input = TRAFFIC[name]!.map(({ from, packet }, i): Step => ({
    iface: from === 'outside' ? first : second,
    time: 1_700_000_000 + i / 1000,
    frame: ethernet(GATEWAY_MAC[from]!, MAC[from], packet),
  }));
  return { rules: { v4: read('rules.v4') }, gateway, input };
}

/** `IFACE SOURCE > DESTINATION`. */
function describeFrame(iface: string, hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  const at = 14;
  const ends = at + (bytes[at]! & 15) * 4;
  const protocol = bytes[at + 9]!;
  const hasPorts = protocol === 6 || protocol === 17;
  const side = (address: number, port: number) =>
    bytes.subarray(at + address, at + address + 4).join('.') +
    (hasPorts ? `:${bytes.readUInt16BE(ends + port)}` : '');
  return `${iface} ${side(12, 0)} > ${side(16, 2)}`;
}

describe('rulesets of well-known programs', function () {
  this.timeout(60_000);

  it('are all tried here', () => {
    const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((item) => item.isDirectory());
    assert.deepEqual(folders.map(({ name }) => name).sort(), Object.keys(TRAFFIC).sort());
  });

  for (const [name, sent] of Object.entries(TRAFFIC)) {
    it(`${name}: loads, and is saved as it was`, () => {
      const { rules, gateway } = question(name);
      const objects = makeNamedObjects(new VirtualClock());
      makeObjects(gateway, undefined, objects, new SeededRng(1));
      const { tables } = parseRestore(rules.v4!, { family: 4, objects });
      const saved = [...tables.values()].map((table) => printTable(table)).join('');
      assert.equal(saved, rules.v4!.replace(/^#.*\n/gm, ''));
    });

    it(`${name}: ${sent.map(({ says }) => says).join('; ')}`, async () => {
      const { packets } = await askReplay(question(name));
      const outs = packets.map(({ out }) => out.map(({ iface, frame }) => describeFrame(iface, frame)));
      sent.forEach(({ says, out }, i) => assert.deepEqual(outs[i], out, says));
    });

    it(`${name}: the kernel does the same`, async function () {
      requireOrSkip(this, 'needs root', process.getuid?.() === 0);
      for (const program of ['iptables-legacy-restore', 'ipset', 'conntrack', 'ethtool', 'python3']) {
        requireOrSkip(this, `needs ${program}`, hasProgram(program));
      }
      const asked = question(name);
      const { report } = compareAnswers(asked, await askKernel(asked), await askReplay(asked));
      assert.deepEqual(report, []);
    });
  }
});
