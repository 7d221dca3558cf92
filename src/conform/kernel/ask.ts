/**
 * What does the Linux kernel do? Rules, a gateway and frames in; for every frame what came out, and at the end the
 * tables, the connections and the log, in the line format of `sluice replay --json`.
 *
 * The kernel cannot be asked why: `verdict`, `reason` and `rule` are not in its answer. Frames go in by time stamp
 * without waiting between them.
 */
import type { Gateway } from './gateway-file.ts';
import { isKernelLogLine, isOnKernelsSchedule } from './noise.ts';
import type { InputFrame } from '../pcap.ts';
import { KernelSession, type Command, type CommandAnswer, type EmittedFrame, type Rules } from './session.ts';

export type Step = InputFrame | { readonly wait: number };

export interface KernelCase {
  readonly rules: Rules;
  readonly gateway: Gateway;
  readonly input: readonly Step[];
}

export interface PacketLine {
  readonly type: 'packet';
  /** Counted from 1 over the frames; waits are not counted. */
  readonly n: number;
  readonly time: number;
  readonly in: string;
  readonly out: readonly EmittedFrame[];
  /** Log lines that this frame caused; left out where there are none. */
  readonly log?: readonly string[];
  /** Why the frame could not be put on the wire; left out where it could. */
  readonly error?: string;
  /** Sluice's verdict with its reason; the kernel does not say why. */
  readonly decision?: string;
}

export interface SummaryLine {
  readonly type: 'summary';
  readonly tables: { readonly v4: string; readonly v6: string };
  readonly conntrack: readonly string[];
  readonly expectations: readonly string[];
  /** As `ipset save -sorted` and `nfacct list` print them; left out where there are none. */
  readonly sets?: readonly string[];
  readonly accounting?: readonly string[];
  readonly log: readonly string[];
  /** What timers made, and after which frame. */
  readonly timers: readonly ({ readonly after: number } & EmittedFrame)[];
  /** In records: which kernel answered. */
  readonly kernel?: string;
}

export interface KernelAnswer {
  readonly packets: readonly PacketLine[];
  readonly summary: SummaryLine;
  /** When each frame was sent, in seconds from the last tick before the first one; not in records. */
  readonly sentAt?: readonly number[];
}

export async function askKernel(kernelCase: KernelCase): Promise<KernelAnswer> {
  const { gateway, rules, input } = kernelCase;
  for (const step of input) {
    if ('iface' in step && !Object.hasOwn(gateway.interfaces, step.iface)) {
      throw new Error(`the gateway has no interface "${step.iface}"`);
    }
  }
  const session = await KernelSession.open(gateway, rules, canLog(kernelCase));
  try {
    const answers = await session.push(input satisfies readonly Command[]);
    const state = { ...(await readState(session)), ...(await readObjects(session, gateway)) };
    return assemble(input, answers, state);
  } finally {
    session.close();
  }
}

type State = Pick<SummaryLine, 'tables' | 'conntrack' | 'expectations' | 'sets' | 'accounting'>;

/** Sets and accounting objects, where the gateway has some. */
async function readObjects(
  session: KernelSession,
  gateway: Gateway,
): Promise<Pick<State, 'sets' | 'accounting'>> {
  const lines = async (command: string) =>
    (await session.run(command)).split('\n').filter((line) => line !== '');
  return {
    ...(gateway.sets === undefined ? {} : { sets: await lines('ipset save -sorted') }),
    ...(gateway.accounting === undefined ? {} : { accounting: await lines('nfacct list') }),
  };
}

/** Counters, connections and expectations as they are now. */
export async function readState(session: KernelSession): Promise<State> {
  const commands = [
    'iptables-legacy-save -c',
    'ip6tables-legacy-save -c',
    'conntrack -L -o extended -f ipv4 2>/dev/null',
    'conntrack -L -o extended -f ipv6 2>/dev/null',
    'conntrack -L expect -f ipv4 2>/dev/null',
    'conntrack -L expect -f ipv6 2>/dev/null',
  ];
  const text = await session.run(commands.join(`\necho '${SEPARATOR}'\n`));
  const [v4, v6, conntrack4, conntrack6, expect4, expect6] = text
    .split(`${SEPARATOR}\n`)
    .map((part) => part.split('\n').filter((line) => line !== '' && !line.startsWith('#')));
  const asText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  return {
    tables: { v4: asText(v4!), v6: asText(v6!) },
    conntrack: [...conntrack4!, ...conntrack6!],
    expectations: [...new Set([...expect4!, ...expect6!])],
  };
}

const SEPARATOR = '=== next ===';

/** The kernel counts whole ticks, which it begins at multiples of their length on the monotonic clock. */
function lastTick(at: number): number {
  return Math.floor(at / TICK) * TICK;
}

const TICK = 0.004; // seconds, with CONFIG_HZ=250, as Debian has it

function canLog({ rules, gateway }: KernelCase): boolean {
  return (
    /-[jg] (LOG|TRACE)\b/.test(`${rules.v4 ?? ''}\n${rules.v6 ?? ''}`) ||
    Object.keys(gateway.sysctl ?? {}).some((key) => key.includes('log_'))
  );
}

function assemble(input: readonly Step[], answers: readonly CommandAnswer[], state: State): KernelAnswer {
  const packets: PacketLine[] = [];
  const timers: ({ after: number } & EmittedFrame)[] = [];
  const allLog: string[] = [];
  const sentAt: number[] = [];
  answers.forEach((answer, i) => {
    const step = input[i]!;
    const log = answer.log.filter(isKernelLogLine);
    allLog.push(...log);
    for (const late of answer.late) {
      if (!isOnKernelsSchedule(late.frame)) timers.push({ after: packets.length, ...late });
    }
    if ('wait' in step) return;
    sentAt.push(answer.at);
    packets.push({
      type: 'packet',
      n: packets.length + 1,
      time: step.time,
      in: step.iface,
      out: answer.out.filter(({ frame }) => !isOnKernelsSchedule(frame)),
      ...(log.length > 0 ? { log } : {}),
      ...(answer.error !== undefined ? { error: answer.error } : {}),
    });
  });
  return {
    packets,
    summary: { type: 'summary', ...state, log: allLog, timers },
    sentAt: sentAt.map((at) => at - lastTick(sentAt[0]!)),
  };
}
