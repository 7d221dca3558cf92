/**
 * Real programs on both sides of a Sluice gateway: two network namespaces (`inside`, `outside`), each joined by a veth pair
 * to a third in which nothing runs but packet sockets; their frames go through a gateway in this process. What is not
 * answered in time is sent again by the programs' own kernels, so a pause of this process loses nothing.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from 'mocha';
import {
  DEFAULT_HELPERS,
  installHelpers,
  type FlowTable,
  type HelperSettings,
} from '../../../src/alg/index.ts';
import { SeededRng } from '../../../src/base/index.ts';
import {
  ENVIRONMENT,
  findPython,
  removeNamespaces,
  removeOrphans,
  run,
} from '../../../src/conform/kernel/system.ts';
import { parseRestore } from '../../../src/netfilter/syntax/restore.ts';
import { HostClock } from '../../../src/node/clock.ts';
import { parseHostConfig } from '../../../src/stack/config.ts';
import { Gateway } from '../../../src/stack/gateway.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { hasProgram, requireOrSkip } from '../../support/require.ts';

const PREFIX = 'sluice-live-';
const IO_PROGRAM = fileURLToPath(new URL('packet-io.py', import.meta.url));
const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;
const READY = 0xff;
/** What programs may take, in milliseconds: many times what they need. */
export const PATIENCE_MS = 120_000;

export const INSIDE = { 4: '10.0.0.2', 6: 'fd00:a::2' } as const;
export const OUTSIDE = { 4: '198.51.100.7', 6: '2001:db8:9::7' } as const;
/** The gateway's outer addresses, which what is inside is translated to. */
const PUBLIC = { 4: '198.51.100.1', 6: '2001:db8:9::1' } as const;

const GATEWAY = {
  interfaces: {
    eth0: { mac: MACS[0], addresses: ['10.0.0.1/24', 'fd00:a::1/64'] },
    eth1: { mac: MACS[1], addresses: [`${PUBLIC[4]}/24`, `${PUBLIC[6]}/64`] },
  },
};

export type Side = 'inside' | 'outside';

export interface LiveOptions {
  readonly nat?: boolean;
  /** `-p tcp -m tcp --dport 21 -j CT --helper ftp`: without it nothing but the control connection passes. */
  readonly helpers: readonly string[];
  /** Of FORWARD, for the first packets from inside. */
  readonly allowed: readonly string[];
  readonly settings?: HelperSettings;
}

/** To be called first in a `before` hook. */
export function requireLive(context: Context, ...programs: readonly string[]): void {
  requireOrSkip(context, 'needs root', process.getuid?.() === 0);
  for (const program of ['ip', 'ethtool', 'ss', ...programs]) {
    requireOrSkip(context, `needs ${program}`, hasProgram(program));
  }
}

export class LiveGateway {
  readonly flows: FlowTable;
  /** A folder for the programs' files, gone at the end. */
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-live-'));
  private readonly gateway: Gateway;
  private readonly clock = new HostClock();
  private readonly io: ChildProcessWithoutNullStreams;
  private readonly children = new Set<ChildProcessWithoutNullStreams>();
  private pending = Buffer.alloc(0);
  private count = 0;
  private ready: () => void = () => undefined;

  static async open(options: LiveOptions): Promise<LiveGateway> {
    removeOrphans(PREFIX);
    await makeNamespaces();
    const live = new LiveGateway(options);
    await new Promise<void>((resolve) => (live.ready = resolve));
    return live;
  }

  private constructor({ nat = false, helpers, allowed, settings = DEFAULT_HELPERS }: LiveOptions) {
    const rng = new SeededRng(7);
    const log = { wanted: false, line: () => undefined };
    this.gateway = new Gateway(parseHostConfig(GATEWAY), {
      clock: this.clock,
      rng,
      log,
      sink: { frame: (device, bytes, start, end) => this.transmit(device.name, bytes, start, end) },
    });
    const { conntrack, nat: translation, sequences, host: networks } = this.gateway;
    this.flows = installHelpers(
      { clock: this.clock, rng, log, conntrack, nat: translation, sequences, networks },
      settings,
    );
    this.flows.wanted = true;
    for (const family of [4, 6] as const) {
      const rules = rulesFor(helpers, allowed, nat ? PUBLIC[family] : null);
      this.gateway.load(parseRestore(rules, { family, file: 'rules' }));
    }
    this.io = spawn('ip', ['netns', 'exec', namespace('gateway'), findPython(), IO_PROGRAM, 'eth0', 'eth1'], {
      env: ENVIRONMENT,
    });
    this.io.stdout.on('data', (bytes: Buffer) => this.receive(bytes));
    this.io.stdin.on('error', () => undefined);
  }

  get expectations(): string[] {
    return ([4, 6] as const).flatMap((family) => this.gateway.conntrack.listExpectations(family));
  }

  private receive(bytes: Buffer): void {
    let pending = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    while (pending.length >= 3) {
      const end = 3 + pending.readUInt16BE(1);
      if (pending.length < end) break;
      const iface = pending[0]!;
      if (iface === READY) this.ready();
      else this.take(iface, Uint8Array.prototype.slice.call(pending, 3, end));
      pending = pending.subarray(end);
    }
    this.pending = Buffer.from(pending);
  }

  private take(iface: number, frame: Uint8Array): void {
    const pkt = new PacketBuffer(frame);
    pkt.cause = ++this.count;
    this.gateway.host.receive(this.gateway.host.devices.named(`eth${iface}`)!, pkt);
    this.gateway.netfilter.release(pkt);
  }

  private transmit(device: string, bytes: Uint8Array, start: number, end: number): void {
    const frame = Buffer.alloc(3 + end - start);
    frame[0] = device === 'eth0' ? 0 : 1;
    frame.writeUInt16BE(end - start, 1);
    frame.set(bytes.subarray(start, end), 3);
    this.io.stdin.write(frame);
  }

  /** A program that runs on one side until all is closed. */
  start(side: Side, program: string, args: readonly string[]): void {
    const child = spawn('ip', ['netns', 'exec', namespace(side), program, ...args], {
      env: ENVIRONMENT,
      cwd: this.folder,
    });
    child.stdout.resume();
    child.stderr.resume();
    this.children.add(child);
  }

  /** A program that ends by itself, with success; returns what it prints. */
  run(side: Side, program: string, args: readonly string[], input = ''): Promise<string> {
    const words = ['netns', 'exec', namespace(side), 'env', '-C', this.folder, `HOME=${this.folder}`];
    const limit = ['timeout', '--foreground', String(PATIENCE_MS / 1000)];
    return run('ip', [...words, ...limit, program, ...args], input);
  }

  /** Until something listens on that port. */
  async listening(side: Side, transport: 'tcp' | 'udp', port: number): Promise<void> {
    const [kind, deadline] = [transport === 'tcp' ? '-Hltn' : '-Hlun', Date.now() + PATIENCE_MS];
    while (Date.now() < deadline) {
      const sockets = await run('ip', ['netns', 'exec', namespace(side), 'ss', kind, `sport = :${port}`]);
      if (sockets.trim() !== '') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`nothing listens on ${transport} ${port}`);
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    this.io.kill('SIGKILL');
    this.clock.stop();
    removeNamespaces(['inside', 'outside', 'gateway'].map(namespace));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function namespace(side: string): string {
  return `${PREFIX}${process.pid}-${side}`;
}

async function makeNamespaces(): Promise<void> {
  const [inside, outside, gateway] = ['inside', 'outside', 'gateway'].map(namespace) as [
    string,
    string,
    string,
  ];
  await batch([
    ...[inside, outside, gateway].map((name) => `netns add ${name}`),
    `link add eth0 netns ${inside} type veth peer name eth0 netns ${gateway}`,
    `link add eth0 netns ${outside} type veth peer name eth1 netns ${gateway}`,
  ]);
  for (const name of [inside, outside, gateway]) {
    const quiet = [
      `net.ipv6.conf.all.disable_ipv6=${name === gateway ? 1 : 0}`,
      'net.ipv6.conf.default.accept_dad=0',
      'net.ipv6.conf.eth0.accept_dad=0',
      'net.ipv6.conf.default.accept_ra=0',
    ];
    await run('ip', ['netns', 'exec', name, 'sysctl', '-q', '-w', ...quiet]);
    for (const iface of name === gateway ? ['eth0', 'eth1'] : ['eth0']) {
      const off = ['tx', 'off', 'rx', 'off', 'sg', 'off', 'gro', 'off', 'tso', 'off', 'gso', 'off'];
      await run('ip', ['netns', 'exec', name, 'ethtool', '-K', iface, ...off]);
      await run('ip', ['-n', name, 'link', 'set', iface, 'up']);
    }
    await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  }
  for (const [name, addresses, routers] of [
    [inside, [`${INSIDE[4]}/24`, `${INSIDE[6]}/64`], ['10.0.0.1', 'fd00:a::1']],
    [outside, [`${OUTSIDE[4]}/24`, `${OUTSIDE[6]}/64`], [PUBLIC[4], PUBLIC[6]]],
  ] as const) {
    for (const address of addresses)
      await run('ip', ['-n', name, 'addr', 'add', address, 'dev', 'eth0', ...nodad(address)]);
    for (const router of routers) await run('ip', ['-n', name, 'route', 'add', 'default', 'via', router]);
  }
}

function nodad(address: string): string[] {
  return address.includes(':') ? ['nodad'] : [];
}

async function batch(commands: readonly string[]): Promise<void> {
  for (const command of commands) await run('ip', command.split(' '));
}

function rulesFor(helpers: readonly string[], allowed: readonly string[], source: string | null): string {
  const nat = source === null ? '' : `*nat\n-A POSTROUTING -o eth1 -j SNAT --to-source ${source}\nCOMMIT\n`;
  return (
    `*raw\n${helpers.map((rule) => `-A PREROUTING ${rule}\n`).join('')}COMMIT\n${nat}` +
    '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n' +
    `${allowed.map((rule) => `-A FORWARD -i eth0 ${rule} -j ACCEPT\n`).join('')}COMMIT\n`
  );
}
