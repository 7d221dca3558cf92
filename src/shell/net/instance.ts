/**
 * A guest network as an instance that programs act on: the gateway with its rules (iptables, conntrack, ip …), the switch,
 * and what only a guest network has: status, forward, log, capture.
 */
import { resolve } from 'node:path';
import { SluiceError } from '../../base/errors.ts';
import { FileSink, PcapWriter } from '../../capture/index.ts';
import type { ControlledInstance, RunIo } from '../../control/index.ts';
import type { AuditLog, GuestNetwork } from '../../vmm/index.ts';
import { LiveInstance } from '../live/instance.ts';
import { forward } from './forward.ts';
import { statusText } from './status.ts';

const USAGE = 2;
const CANCELLED = 130;

type Action = (args: readonly string[], io: RunIo) => Promise<number> | number;

export class NetworkInstance implements ControlledInstance {
  readonly kind = 'network';
  readonly nodes: readonly string[];
  readonly programs: readonly string[];
  private readonly network: GuestNetwork;
  private readonly audit: AuditLog;
  private readonly live: LiveInstance;
  private readonly actions: ReadonlyMap<string, Action>;

  constructor(network: GuestNetwork, audit: AuditLog) {
    this.network = network;
    this.audit = audit;
    this.live = new LiveInstance({
      kind: this.kind,
      clock: network.clock,
      nodes: [
        { kind: 'host', name: 'gateway', gateway: network.gateway },
        { kind: 'switch', name: 'switch', switch: network.switch.switch },
      ],
    });
    this.nodes = this.live.nodes;
    this.actions = new Map<string, Action>([
      ['status', (args, io) => this.status(args, io)],
      ['forward', (args, io) => forward(network.forwards, args, (text) => io.out(text))],
      ['log', (args, io) => this.log(args, io)],
      ['capture', (args, io) => this.capture(args, io)],
    ]);
    this.programs = [...this.live.programs, ...this.actions.keys()].sort();
  }

  async run(node: string, argv: readonly string[], io: RunIo): Promise<number> {
    const [name = '', ...args] = argv;
    const action = this.actions.get(name);
    if (action === undefined) return this.live.run(node, argv, io);
    this.network.clock.catchUp();
    try {
      return await action(args, io);
    } catch (error) {
      if (!(error instanceof SluiceError) && !(error instanceof RangeError)) throw error;
      io.err(`sluice: ${error.message}\n`);
      return USAGE;
    }
  }

  private status(args: readonly string[], io: RunIo): number {
    io.out(statusText(this.network, args.includes('--json')));
    return 0;
  }

  /** What was logged last; with `-f` what comes, until it is cancelled. */
  private log(args: readonly string[], io: RunIo): Promise<number> | number {
    for (const line of this.audit.lines) io.out(line);
    if (!args.includes('-f')) return 0;
    const end = this.audit.watch((line) => io.out(line));
    return untilCancelled(io).finally(end);
  }

  /** `capture FILE [GUEST]`: frames as they come and go, until it is cancelled. */
  private capture(args: readonly string[], io: RunIo): Promise<number> {
    const [file, guest] = args;
    if (file === undefined) throw new RangeError('capture: FILE [GUEST]');
    const { guests, clock } = this.network;
    const port = guest === undefined ? 0 : guests.findIndex(({ name }) => name === guest) + 1;
    if (guest !== undefined && port === 0) throw new RangeError(`capture: there is no guest "${guest}"`);
    const writer = new PcapWriter(FileSink.create(resolve(io.cwd, file)));
    const end = this.network.watch((at, bytes, start, stop) => {
      if (port === 0 || at === port) writer.write(clock.now, bytes, start, stop, stop - start);
    });
    return untilCancelled(io).finally(() => {
      end();
      writer.close();
    });
  }
}

function untilCancelled(io: RunIo): Promise<number> {
  return new Promise((done) => {
    if (io.cancelled.aborted) return done(CANCELLED);
    io.cancelled.addEventListener('abort', () => done(CANCELLED), { once: true });
  });
}
