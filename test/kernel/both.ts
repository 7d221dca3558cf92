/** One gateway twice, in the kernel and in Sluice, for talks whose next word depends on the answer to the last. */
import { ethernet } from '../../src/conform/frames.ts';
import type { Gateway as GatewayFile } from '../../src/conform/kernel/gateway-file.ts';
import { isOnKernelsSchedule } from '../../src/conform/kernel/noise.ts';
import { KernelSession, type EmittedFrame, type Rules } from '../../src/conform/kernel/session.ts';
import {
  Gateway,
  PacketBuffer,
  parseHostConfig,
  parseRestore,
  SeededRng,
  VirtualClock,
} from '../../src/index.ts';
import { programNamed } from '../../src/programs/index.ts';
import { MAC } from './flow.ts';

export type Iface = 'eth0' | 'eth1';

export interface Side {
  /** A packet in an Ethernet frame in, the frames that leave on its account out. */
  send(iface: Iface, packet: readonly number[]): Promise<readonly EmittedFrame[]>;
  /** Types a command on the gateway; what it says. Throws where it fails. */
  type(line: string): Promise<string>;
}

export const HOSTS = [2, 3, 4, 5, 6, 7];
export const inside = (n: number, v6 = false): string => (v6 ? `fd00:a::${n}` : `10.0.0.${n}`);
export const PUBLIC = { 4: '203.0.113.1', 6: '2001:db8:1::1' } as const;
export const SERVER = { 4: '198.51.100.7', 6: '2001:db8:9::7' } as const;

const GATEWAY: GatewayFile = {
  interfaces: {
    eth0: { mac: MAC.eth0, addresses: ['10.0.0.1/24', 'fd00:a::1/64'] },
    eth1: { mac: MAC.eth1, addresses: [`${PUBLIC[4]}/24`, `${PUBLIC[6]}/64`] },
  },
  neighbours: [
    ...HOSTS.flatMap((n) => [inside(n), inside(n, true)].map((ip) => ({ dev: 'eth0', ip, mac: MAC.inside }))),
    { dev: 'eth1', ip: '203.0.113.254', mac: MAC.outside },
    { dev: 'eth1', ip: '2001:db8:1::fe', mac: MAC.outside },
  ],
  routes: [
    { to: 'default', via: '203.0.113.254', dev: 'eth1' },
    { to: 'default', via: '2001:db8:1::fe', dev: 'eth1' },
  ],
};

const framed = (iface: Iface, packet: readonly number[]): Uint8Array =>
  ethernet(MAC[iface], iface === 'eth0' ? MAC.inside : MAC.outside, packet);

export async function withKernel<T>(rules: Rules, talk: (side: Side) => Promise<T>): Promise<T> {
  const session = await KernelSession.open(GATEWAY, rules, false);
  try {
    return await talk({
      send: async (iface, packet) => {
        const [answer] = await session.push([{ iface, frame: framed(iface, packet) }]);
        return answer!.out.filter(({ frame }) => !isOnKernelsSchedule(frame));
      },
      type: (line) => session.run(line),
    });
  } finally {
    session.close();
  }
}

export async function withSluice<T>(
  rules: Rules,
  seed: number,
  talk: (side: Side) => Promise<T>,
): Promise<T> {
  let sent: EmittedFrame[] = [];
  const clock = new VirtualClock(1.7e15);
  const gateway = new Gateway(parseHostConfig(GATEWAY), {
    clock,
    rng: new SeededRng(seed),
    log: { wanted: false, line: () => {} },
    sink: {
      frame: ({ name }, bytes, start, end) => {
        const frame = Buffer.from(bytes.subarray(start, end)).toString('hex');
        if (!isOnKernelsSchedule(frame)) sent.push({ iface: name, frame });
      },
    },
  });
  for (const [family, rulesText] of [
    [4, rules.v4],
    [6, rules.v6],
  ] as const) {
    if (rulesText !== undefined) gateway.load(parseRestore(rulesText, { family, file: 'rules' }));
  }
  gateway.sysctls.set('net.ipv4.ip_forward', 1);
  gateway.sysctls.set('net.ipv6.conf.all.forwarding', 1);
  return talk({
    send: (iface, packet) => {
      sent = [];
      const pkt = new PacketBuffer(framed(iface, packet));
      gateway.host.receive(gateway.host.devices.named(iface)!, pkt);
      gateway.netfilter.release(pkt);
      return Promise.resolve(sent);
    },
    type: (line) => Promise.resolve(runOn(gateway, clock, line)),
  });
}

function runOn(gateway: Gateway, clock: VirtualClock, line: string): string {
  const [name, ...args] = line.split(' ');
  const said = { out: '', err: '', status: -1 };
  programNamed(name!)!.start({
    name: name!,
    args,
    node: { kind: 'host', name: 'gateway', gateway },
    clock,
    io: {
      out: { write: (text) => void (said.out += text), flush: () => {} },
      err: { write: (text) => void (said.err += text), flush: () => {} },
      env: {},
    },
    exit: (status) => void (said.status = status),
  });
  if (said.status !== 0) throw new Error(`${line}: exit ${said.status}: ${said.err}`);
  return said.out;
}
