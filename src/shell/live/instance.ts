/**
 * An instance that runs, as programs see it: named hosts and switches on one clock. The shell acts on it directly, others
 * over its control socket:
 *
 *     const instance = new LiveInstance({ kind: 'network', clock, nodes: [{ kind: 'host', name: 'gateway', gateway }] });
 *     const server = await serveControl(instance, path);
 *     …
 *     await server.close();
 *
 * The clock is whatever moves the instance. One that moves by itself (`isReal`) is brought up to date before each command; a
 * virtual one is moved for as long as a program that waits for something runs (time-keeper.ts).
 */
import { resolve } from 'node:path';
import type { VirtualClock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import { didYouMean } from '../../base/did-you-mean.ts';
import { FileSink, openCapture } from '../../capture/index.ts';
import { ControlServer, type ControlledInstance, type RunIo } from '../../control/index.ts';
import { PROGRAMS, programNamed, type LiveNode, type Program, type ProgramIo } from '../../programs/index.ts';
import type { Family } from '../../netfilter/hook.ts';
import { readBoundedText } from '../../replay/bounded-text.ts';
import { addressesOfNode, nameOfNode } from '../../programs/node-names.ts';
import { whenAnswered } from '../../programs/rules/answers.ts';
import { Failure, failureOf, Status } from '../../programs/rules/failure.ts';
import { runRulesProgram } from '../../programs/rules/index.ts';
import { LiveRules } from '../../programs/rules/live-rules.ts';
import { isRulesProgram, RULES_PROGRAMS } from '../../programs/rules/names.ts';
import { addressesOfHost } from '../machine-names.ts';
import { onThisMachine, type ProgramIo as ShellIo } from '../program-io.ts';
import { show } from './show.ts';
import { TimeKeeper } from './time-keeper.ts';

export interface InstanceParts {
  /** `replay`, `lab`, `network`. */
  readonly kind: string;
  readonly clock: VirtualClock & { catchUp?(): void };
  /** The one that is meant when none is named first. */
  readonly nodes: readonly LiveNode[];
  /** Commands that only this instance has, where no program of that name is for the node. */
  readonly commands?: ReadonlyMap<string, OwnCommand>;
  /** Where the instance's own command of a name is meant although there is a program of that name for the node. */
  readonly prefersOwn?: (node: LiveNode, name: string) => boolean;
}

/** A command that is no program: it acts on the instance. Its exit status. */
export type OwnCommand = (node: LiveNode, args: readonly string[], io: CallerIo) => number | Promise<number>;

/** What a command ran with: whoever called it, and how it may end before its time. */
export interface CallerIo extends ShellIo {
  /** Told of the word, counted from 0 with the command's name, that was not understood. */
  pointAt?(word: number): void;
  readonly cancelled: AbortSignal;
}

/** As a shell has it for a command that is not there. */
const NOT_FOUND_STATUS = 127;
/** As a shell has it for a program that a signal ended (128 + SIGINT). */
export const CANCELLED_STATUS = 130;

export class LiveInstance implements ControlledInstance {
  readonly kind: string;
  readonly nodes: readonly string[];
  readonly isVirtual: boolean;
  readonly programs: readonly string[];
  private readonly clock: InstanceParts['clock'];
  private readonly byName: ReadonlyMap<string, LiveNode>;
  private readonly time: TimeKeeper;

  private readonly commands: ReadonlyMap<string, OwnCommand>;

  private readonly prefersOwn: (node: LiveNode, name: string) => boolean;

  constructor({ kind, clock, nodes, commands = new Map(), prefersOwn = () => false }: InstanceParts) {
    this.kind = kind;
    this.clock = clock;
    this.isVirtual = clock.catchUp === undefined;
    this.byName = new Map(nodes.map((node) => [node.name, node]));
    this.nodes = [...this.byName.keys()];
    this.commands = new Map([['show', show], ...commands]);
    const names = [...RULES_PROGRAMS, ...PROGRAMS.map(({ name }) => name), ...this.commands.keys()];
    this.programs = [...new Set(names)].sort();
    this.prefersOwn = prefersOwn;
    this.time = new TimeKeeper(clock);
  }

  /** For the control server. */
  run(node: string, argv: readonly string[], io: RunIo): Promise<number> {
    const clock = this.clock;
    return this.command(node, argv, {
      out: { write: (text) => io.out(text), flush: () => {} },
      err: { write: (text) => io.err(text), flush: () => {} },
      env: {},
      readInput: () => io.readInput(),
      now: () => clock.now,
      cwd: io.cwd,
      cancelled: io.cancelled,
      pointAt: (word) => io.pointAt(word),
    });
  }

  /** Runs one command on a node; its exit status. */
  async command(nodeName: string, argv: readonly string[], io: CallerIo): Promise<number> {
    this.clock.catchUp?.();
    const [name = '', ...args] = argv;
    try {
      const node = this.node(nodeName);
      if (isRulesProgram(name)) {
        const { gateway } = hostOf(node, name);
        const open = () => new LiveRules(gateway, Math.floor(this.clock.now));
        const nodes = [...this.byName.values()];
        const asked = {
          ...onThisMachine(io),
          hostNameOf: (address: string) => nameOfNode(nodes, address),
          addressesOf: (host: string, family: Family) => addressesOfNode(nodes, host, family),
          lookUp: addressesOfHost,
        };
        return await whenAnswered(runRulesProgram(name, args, open, asked));
      }
      const program = programNamed(name);
      const isForNode = program !== undefined && (program.on === node.kind || program.on === 'any');
      if (!isForNode || this.prefersOwn(node, name)) {
        const own = this.commands.get(name);
        if (own !== undefined) return await own(node, args, io);
      }
      if (program === undefined) {
        io.err.write(`${name}: command not found${didYouMean(name, this.programs)}\n`);
        return NOT_FOUND_STATUS;
      }
      return await this.start(program, node, args, io);
    } catch (error) {
      const failure = failureOf(name, error);
      if (failure === null) throw error;
      if (failure.word !== null) io.pointAt?.(failure.word + 1);
      io.err.write(failure.text);
      return failure.status;
    }
  }

  node(name: string): LiveNode {
    const node = this.byName.get(name);
    if (node !== undefined) return node;
    throw new SluiceError('NODE', `no node "${name}"${didYouMean(name, this.nodes)}`);
  }

  private start(program: Program, node: LiveNode, args: readonly string[], io: CallerIo): Promise<number> {
    if (program.on !== node.kind && program.on !== 'any') {
      throw new SluiceError('NODE', `${node.name} is a ${node.kind}, and this is for a ${program.on}`);
    }
    return new Promise<number>((ended, failed) => {
      let isOver = false;
      const plain: ProgramIo = {
        env: io.env,
        createFile: (path) => FileSink.create(resolve(io.cwd, path)),
        readText(path, done) {
          if (path === '-') Promise.resolve(io.readInput()).then(done, () => done(null));
          else done(textOf(resolve(io.cwd, path)));
        },
        openCapture: (path) => openCapture(resolve(io.cwd, path)),
        out: { write: (text) => void (isOver || io.out.write(text)), flush: () => io.out.flush() },
        err: { write: (text) => void (isOver || io.err.write(text)), flush: () => io.err.flush() },
      };
      const release = program.passesTime ? this.time.hold(() => exit(CANCELLED_STATUS)) : () => {};
      const exit = (status: number) => {
        if (isOver) return;
        isOver = true;
        release();
        ended(status);
      };
      try {
        const { clock } = this;
        const interrupt = program.start({ name: program.name, args, node, clock, io: plain, exit });
        if (interrupt === undefined || isOver) return;
        const stop = () => {
          interrupt();
          exit(CANCELLED_STATUS);
        };
        if (io.cancelled.aborted) stop();
        else io.cancelled.addEventListener('abort', stop, { once: true });
      } catch (error) {
        release();
        failed(error);
      }
    });
  }
}

/** Lets programs act on the instance over a socket at the path. Rejects with a SluiceError. */
export async function serveControl(instance: ControlledInstance, path: string): Promise<ControlServer> {
  const server = new ControlServer(instance, path);
  await server.start();
  return server;
}

/** Null where it can't be read. */
function textOf(path: string): string | null {
  try {
    return readBoundedText(path);
  } catch {
    // Whoever asked says so.
    return null;
  }
}

function hostOf(node: LiveNode, program: string) {
  if (node.kind === 'host') return node;
  throw new Failure(Status.OTHER, `${program}: ${node.name} is a switch, and has no rules\n`);
}
