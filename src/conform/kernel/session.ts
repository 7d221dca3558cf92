/**
 * One gateway made of the running kernel: a network namespace with the interfaces, addresses, routes and rules of a
 * case, and a second namespace that holds the far ends of its veth pairs.
 *
 * Frames are pushed in and collected by netns-io.py, one process a session. Sessions of several processes run side
 * by side; names carry the process id. Everything is taken down by close(), or when the process ends or is
 * interrupted.
 *
 * Sources: ip-netns(8), veth(4), the kernel's Documentation/networking/ip-sysctl.rst.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { checkGateway, routeCommand, sysctlPath, type Gateway } from './gateway-file.ts';
import {
  EndlessFrames,
  ENVIRONMENT,
  assertKernelAvailable,
  findPython,
  letNamespacesLog,
  removeNamespaces,
  removeOrphans,
  run,
  stopRunning,
} from './system.ts';

export interface Rules {
  /** In the format of iptables-save. */
  readonly v4?: string;
  readonly v6?: string;
}

export type Command =
  | { readonly iface: string; readonly frame: Uint8Array }
  /** Lets real time pass. */
  | { readonly wait: number };

export interface EmittedFrame {
  readonly iface: string;
  /** Lower-case hexadecimal. */
  readonly frame: string;
}

export interface CommandAnswer {
  readonly out: readonly EmittedFrame[];
  /** When the frame was sent, in seconds of the monotonic clock; 0 of a wait. */
  readonly at: number;
  /** Frames that the gateway's timers made before this command was run. */
  readonly late: readonly EmittedFrame[];
  readonly log: readonly string[];
  /** Why the frame could not be sent at all. */
  readonly error?: string;
}

interface IoAnswer {
  readonly out: readonly [string, string][];
  readonly at?: number;
  readonly late?: readonly [string, string][];
  readonly log?: readonly string[];
  readonly error?: string;
}

const PREFIX = 'sluice-oracle-';
/** Shipped as it is: beside this file among the sources, not beside what is compiled of them. */
const IO_PROGRAM = fileURLToPath(new URL('../../../src/conform/kernel/netns-io.py', import.meta.url));
/** Its exit status when the kernel does not come to rest. */
const IO_ENDLESS = 3;
/** veth's largest; the gateway's own MTU decides what it takes. */
const PEER_MTU = 65535;
const OFFLOADS_OFF = 'tx off rx off sg off gro off tso off gso off';
/** Milliseconds that addresses may take to become usable, many times what they need. */
const SETTLE_LIMIT = 5000;

/** Makes the answer a function of the question. Values that a kernel lacks are passed over; a case may override. */
const REPEATABLE_SYSCTLS: Readonly<Record<string, number>> = {
  'net.ipv4.conf.all.rp_filter': 0,
  'net.ipv4.conf.default.rp_filter': 0,
  'net.ipv6.conf.default.accept_dad': 0,
  'net.ipv6.conf.default.dad_transmits': 0,
  'net.ipv6.conf.default.router_solicitations': 0,
  'net.ipv6.conf.default.accept_ra': 0,
  // Listener reports pass OUTPUT and would be counted there. Version 1 sends the first one while the group is joined,
  // which is before the rules are loaded; the second comes within this time (milliseconds), at random.
  'net.ipv6.conf.default.force_mld_version': 1,
  'net.ipv6.conf.default.mldv1_unsolicited_report_interval': 86_400_000,
  'net.ipv4.icmp_ratelimit': 0,
  'net.ipv4.icmp_msgs_per_sec': 1_000_000,
  'net.ipv4.icmp_msgs_burst': 1_000_000,
  'net.ipv6.icmp.ratelimit': 0,
};

/** Put in force when the interfaces are up, as on a machine that becomes a router: then it joins every group of routers. */
const ROUTER_SYSCTLS: Readonly<Record<string, number>> = {
  'net.ipv4.ip_forward': 1,
  'net.ipv6.conf.all.forwarding': 1,
};

const openSessions = new Set<KernelSession>();
let sessionCount = 0;
let isWatching = false;

export class KernelSession {
  readonly #gatewayNamespace: string;
  readonly #peerNamespace: string;
  #io: ChildProcessWithoutNullStreams | undefined;
  #ioErrors = '';
  #waiting:
    { answers: CommandAnswer[]; wanted: number; done: () => void; fail: (error: Error) => void } | undefined;

  private constructor(name: string) {
    this.#gatewayNamespace = `${name}-gw`;
    this.#peerNamespace = `${name}-peer`;
  }

  /** @param readLog - whether push() reports the kernel's log lines; sessions that do wait for each other. */
  static async open(gateway: Gateway, rules: Rules, readLog: boolean): Promise<KernelSession> {
    assertKernelAvailable();
    checkGateway(gateway);
    if (!isWatching) watchForTheEnd();
    removeOrphans(PREFIX);
    if (readLog) letNamespacesLog();
    sessionCount += 1;
    const session = new KernelSession(`${PREFIX}${process.pid}-${sessionCount}`);
    openSessions.add(session);
    try {
      await session.#build(gateway);
      await session.#settle();
      await session.#makeObjects(gateway);
      await session.load(rules);
      session.#startIo(Object.keys(gateway.interfaces), readLog);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  /** Runs the commands in order; the answers are theirs, one each. */
  async push(commands: readonly Command[]): Promise<CommandAnswer[]> {
    const io = this.#io;
    if (io === undefined) throw new Error('the session is closed');
    if (this.#waiting !== undefined) throw new Error('a session does one push at a time');
    if (commands.length === 0) return [];
    const answers: CommandAnswer[] = [];
    await new Promise<void>((done, fail) => {
      this.#waiting = { answers, wanted: commands.length, done, fail };
      for (const command of commands) {
        io.stdin.write(
          'wait' in command ? `w ${command.wait}\n` : `f ${command.iface} ${hex(command.frame)}\n`,
        );
      }
      io.stdin.write('.\n');
    });
    return answers;
  }

  /** Runs a shell script in the gateway's namespace. */
  run(script: string, input = ''): Promise<string> {
    return run('ip', ['netns', 'exec', this.#gatewayNamespace, 'sh', '-e', '-c', script], input);
  }

  /** Loads tables, replacing those that the text names. */
  async load(rules: Rules): Promise<void> {
    if (rules.v4 !== undefined) await this.run('exec iptables-legacy-restore -w', rules.v4);
    if (rules.v6 !== undefined) await this.run('exec ip6tables-legacy-restore -w', rules.v6);
  }

  /** Takes everything down; safe to call twice, and at the end of the process. */
  close(): void {
    if (!openSessions.delete(this)) return;
    const io = this.#io;
    this.#io = undefined;
    io?.stdin.destroy();
    io?.kill('SIGKILL');
    removeNamespaces([this.#gatewayNamespace, this.#peerNamespace]);
  }

  async #build(gateway: Gateway): Promise<void> {
    const ifaces = Object.entries(gateway.interfaces);
    await this.#ip(undefined, [`netns add ${this.#gatewayNamespace}`, `netns add ${this.#peerNamespace}`]);
    await this.#runInPeer('echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6');
    await this.run(
      Object.entries(REPEATABLE_SYSCTLS)
        .map(([key, value]) => `[ ! -e ${sysctlPath(key)} ] || echo ${value} > ${sysctlPath(key)}`)
        .join('\n'),
    );
    await this.#ip(
      this.#peerNamespace,
      ifaces.flatMap(([name]) => [
        `link add ${name} mtu ${PEER_MTU} type veth peer name ${name} netns ${this.#gatewayNamespace}`,
        `link set ${name} arp off up`,
      ]),
    );
    const offload = ifaces.map(([name]) => `ethtool -K ${name} ${OFFLOADS_OFF} > /dev/null`).join('\n');
    await this.#runInPeer(offload);
    await this.run(offload);
    await this.#ip(this.#gatewayNamespace, [
      'link set lo up',
      ...ifaces.flatMap(([name, { mac, mtu, addresses }]) => [
        `link set ${name}${mac === undefined ? '' : ` address ${mac}`} mtu ${mtu ?? 1500}`,
        `link set ${name} up`,
        ...(addresses ?? []).map(
          (address) => `addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`,
        ),
      ]),
      ...(gateway.neighbours ?? []).map(
        ({ dev, ip, mac }) => `neigh replace ${ip} lladdr ${mac} dev ${dev} nud permanent`,
      ),
    ]);
    for (const family of [4, 6] as const) {
      const routes = (gateway.routes ?? []).flatMap((route) => routeCommand(route, family));
      if (routes.length > 0) await this.#ip(this.#gatewayNamespace, routes, [`-${family}`]);
    }
    const sysctls = Object.entries({ ...ROUTER_SYSCTLS, ...gateway.sysctl });
    await this.run(sysctls.map(([key, value]) => `echo '${value}' > ${sysctlPath(key)}`).join('\n'));
  }

  async #makeObjects({ sets, accounting }: Gateway): Promise<void> {
    if (sets !== undefined) await this.run('exec ipset restore', sets);
    if (accounting !== undefined) await this.run(accounting.map((words) => `nfacct add ${words}`).join('\n'));
  }

  /** Link-local addresses are made by a work queue; until then the kernel answers differently. */
  async #settle(): Promise<void> {
    const limit = Date.now() + SETTLE_LIMIT;
    while ((await run('ip', ['-n', this.#gatewayNamespace, '-6', 'addr', 'show', 'tentative'])) !== '') {
      if (Date.now() > limit) throw new Error('the addresses of the gateway stay tentative');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #startIo(ifaces: readonly string[], readLog: boolean): void {
    const io = spawn(
      'ip',
      [
        'netns',
        'exec',
        this.#peerNamespace,
        findPython(),
        '-I',
        '-S',
        IO_PROGRAM,
        ...(readLog ? ['--log'] : []),
        ...ifaces,
      ],
      { env: ENVIRONMENT },
    );
    this.#io = io;
    createInterface({ input: io.stdout }).on('line', (line) => this.#take(JSON.parse(line) as IoAnswer));
    io.stderr.setEncoding('utf8').on('data', (text: string) => (this.#ioErrors += text));
    io.stdin.on('error', () => undefined); // told by 'close', with the reason
    io.on('close', (status) => {
      const why = `netns-io.py ended: ${this.#ioErrors.trim()}`;
      this.#waiting?.fail(status === IO_ENDLESS ? new EndlessFrames() : new Error(why));
    });
  }

  #take(answer: IoAnswer): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    waiting.answers.push({
      out: answer.out.map(emitted),
      at: answer.at ?? 0,
      late: (answer.late ?? []).map(emitted),
      log: answer.log ?? [],
      ...(answer.error === undefined ? {} : { error: answer.error }),
    });
    if (waiting.answers.length === waiting.wanted) {
      this.#waiting = undefined;
      waiting.done();
    }
  }

  async #ip(
    namespace: string | undefined,
    commands: readonly string[],
    options: readonly string[] = [],
  ): Promise<void> {
    const lines = `${commands.join('\n')}\n`;
    await run(
      'ip',
      [...options, ...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'],
      lines,
    );
  }

  async #runInPeer(script: string): Promise<void> {
    await run('ip', ['netns', 'exec', this.#peerNamespace, 'sh', '-e', '-c', script]);
  }
}

function emitted([iface, frame]: [string, string]): EmittedFrame {
  return { iface, frame };
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('hex');
}

function closeAll(): void {
  stopRunning();
  for (const session of [...openSessions]) session.close();
}

/** A process that is interrupted, or that ends by an exception, leaves no namespaces behind. */
function watchForTheEnd(): void {
  isWatching = true;
  process.on('exit', closeAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      closeAll();
      process.kill(process.pid, signal);
    });
  }
}
