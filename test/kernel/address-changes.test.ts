/**
 * The gateway's outside address changes while connections run: those that MASQUERADE made end with the address or the
 * device that they were bound to, those of SNAT don't. The same commands are typed on the kernel's gateway and on ours.
 */
import assert from 'node:assert/strict';
import { text, udp } from '../../src/conform/frames.ts';
import { missingForKernel } from '../../src/conform/kernel/system.ts';
import { requireOrSkip } from '../support/require.ts';
import { inside, PUBLIC, SERVER, withKernel, withSluice, type Side } from './both.ts';
import { MAC } from './flow.ts';

type Family = 4 | 6;
const NEW = { 4: '203.0.113.9', 6: '2001:db8:1::9' } as const;
const LENGTH = { 4: 24, 6: 64 } as const;
const GATEWAY = { 4: '203.0.113.254', 6: '2001:db8:1::fe' } as const;

const INSIDE = { 4: '10.0.0.1', 6: 'fd00:a::1' } as const;

/** IPv6 addresses serve at once. */
const added = (family: Family, address: string, device = 'eth1') =>
  `ip addr replace ${address}/${LENGTH[family]} dev ${device}${family === 6 ? ' nodad' : ''}`;
const deleted = (family: Family) => `ip addr del ${PUBLIC[family]}/${LENGTH[family]} dev eth1`;
const reached = (family: Family) => [
  `ip neigh replace ${GATEWAY[family]} lladdr ${MAC.outside} dev eth1`,
  `ip -${family} route replace default via ${GATEWAY[family]} dev eth1`,
];

/** Commands, by what happens. */
const EVENTS: Readonly<Record<string, (family: Family) => readonly string[]>> = {
  'another address is added': (family) => [added(family, NEW[family])],
  'the address is replaced': (family) => [deleted(family), added(family, NEW[family]), ...reached(family)],
  'the address goes and comes back': (family) => [
    deleted(family),
    added(family, PUBLIC[family]),
    ...reached(family),
  ],
  'the device goes down and up': (family) => [
    'ip link set eth1 down',
    'ip link set eth1 up',
    // IPv6 addresses go with the device.
    added(family, PUBLIC[family]),
    ...reached(family),
  ],
  'the device inside goes down and up': (family) => [
    'ip link set eth0 down',
    'ip link set eth0 up',
    added(family, INSIDE[family], 'eth0'),
    `ip neigh replace ${inside(2, family === 6)} lladdr ${MAC.inside} dev eth0`,
  ],
};

const TARGETS: Readonly<Record<string, (family: Family) => string>> = {
  MASQUERADE: () => 'MASQUERADE',
  SNAT: (family) => `SNAT --to-source ${PUBLIC[family]}`,
};

function sourceOf(frame: string): string {
  const bytes = Buffer.from(frame, 'hex');
  if (bytes[12] === 0x08) return [...bytes.subarray(26, 30)].join('.');
  return bytes
    .subarray(22, 38)
    .toString('hex')
    .replace(/(....)(?=.)/g, '$1:');
}

/** Who the server hears, whether its answer arrives, and the connections, before and after. */
async function observe(family: Family, commands: readonly string[], side: Side): Promise<string[]> {
  const said: string[] = [];
  const host = inside(2, family === 6);
  let source: string = PUBLIC[family];
  const ask = async (port: number): Promise<void> => {
    const out = await side.send('eth0', udp({ from: host, to: SERVER[family] }, port, 53, text('question')));
    said.push(`question: ${out.map(({ iface, frame }) => `${iface} from ${sourceOf(frame)}`).join()}`);
  };
  const answer = async (): Promise<void> => {
    const home = await side.send('eth1', udp({ from: SERVER[family], to: source }, 53, 4000, text('answer')));
    said.push(`answer: ${home.map(({ iface }) => iface).join()}`);
  };
  const connections = async (): Promise<void> => {
    const list = await side.type(`conntrack -L -f ipv${family}`);
    const lines = list
      .split('\n')
      .map((line) => line.replace(/^(\w+ +\d+) \d+ | use=\d+$/g, '$1 ').trimEnd());
    said.push(...lines.sort());
  };
  await ask(4000);
  await answer();
  for (const command of commands) {
    await side.type(command);
    await connections();
  }
  await ask(4000);
  await answer();
  source = NEW[family];
  await answer();
  await ask(4001);
  await connections();
  return said;
}

describe('addresses of the gateway change', () => {
  before(function () {
    const missing = missingForKernel();
    requireOrSkip(this, `asking the kernel needs ${missing.join(', ')}`, missing.length === 0);
  });

  for (const family of [4, 6] as const) {
    for (const [name, target] of Object.entries(TARGETS)) {
      for (const [event, commands] of Object.entries(EVENTS)) {
        it(`${event}: connections under ${name}, IPv${family}`, async () => {
          const rules = `*nat\n-A POSTROUTING -o eth1 -j ${target(family)}\nCOMMIT\n`;
          const both = family === 4 ? { v4: rules } : { v6: rules };
          const kernel = await withKernel(both, (side) => observe(family, commands(family), side));
          const sluice = await withSluice(both, 1, (side) => observe(family, commands(family), side));
          assert.deepEqual(sluice, kernel);
          assert.match(kernel[0]!, /^question: eth1 from /);
        });
      }
    }
  }
});
