/**
 * What is typed at the gateway of a network, in a browser: iptables and ip6tables with their own complaints, and the programs
 * of a host (conntrack, ping, ip, sysctl …). In Node, src/shell/ has the same programs and more, over sockets and files.
 */
import { programNamed } from '../programs/index.ts';
import { failureOf } from '../shell/ending.ts';
import { runIptables } from '../shell/iptables.ts';
import { LiveRules } from '../shell/live/live-rules.ts';
import { addressesOfNode } from '../shell/live/node-names.ts';
import { LineMistake, readLine, type Word } from '../shell/prompt/line.ts';
import { mistakenWord } from '../shell/prompt/point.ts';
import type { NetworkCore } from '../vmm/network.ts';
import type { World } from '../vmm/surroundings.ts';

export interface ConsoleResult {
  readonly status: number;
  /** Both outputs, as they came. */
  readonly text: string;
  /** Columns of the line, from 0: the word that was not understood. */
  readonly mistake: { readonly start: number; readonly end: number } | null;
}

const DONE = 0;
/** As a shell has it. */
const SYNTAX = 2;
const NOT_FOUND = 127;
const FAMILIES: Readonly<Record<string, 4 | 6>> = { iptables: 4, ip6tables: 6 };

export class GatewayConsole {
  private readonly network: NetworkCore<World>;
  private readonly node;

  constructor(network: NetworkCore<World>) {
    this.network = network;
    this.node = { kind: 'host', name: 'gateway', gateway: network.gateway } as const;
  }

  /** Runs one line to its end. */
  async run(line: string): Promise<ConsoleResult> {
    let text = '';
    const write = (more: string) => void (text += more);
    const sink = { write, flush: () => {} };
    const io = { out: sink, err: sink, env: {} };
    let words: readonly Word[] = [];
    let at = -1;
    let status: number;
    try {
      words = readLine(line).words;
      const argv = words.map((word) => word.text);
      this.network.clock.catchUp();
      status = argv.length === 0 ? DONE : await this.command(argv, io);
      if (status !== DONE) at = mistakenWord(text, argv);
    } catch (error) {
      if (error instanceof LineMistake) {
        const { column, message } = error;
        return { status: SYNTAX, text: `${message}\n`, mistake: { start: column, end: column + 1 } };
      }
      const failure = failureOf(words[0]?.text ?? '', error);
      if (failure === null) throw error;
      write(failure.text);
      status = failure.status;
      const argv = words.map((word) => word.text);
      at = failure.word === null ? mistakenWord(failure.text, argv) : failure.word + 1;
    }
    const word = words[at];
    return { status, text, mistake: word === undefined ? null : { start: word.start, end: word.end } };
  }

  private command([name = '', ...args]: readonly string[], io: PlainIo): number | Promise<number> {
    const family = FAMILIES[name];
    const { gateway, clock } = this.network;
    if (family !== undefined) {
      return runIptables(name, family, args, () => new LiveRules(gateway, Math.floor(clock.now)), {
        ...io,
        readInput: () => '',
        now: () => new Date(clock.now / 1000),
        cwd: '/',
        addressesOf: (host, wanted) => addressesOfNode([this.node], host, wanted),
      });
    }
    const program = programNamed(name);
    if (program === undefined || program.on === 'switch') {
      io.err.write(`${name}: command not found\n`);
      return NOT_FOUND;
    }
    const { node } = this;
    return new Promise((exit, failed) => {
      try {
        program.start({ name, args, node, clock, io, exit });
      } catch (error) {
        failed(error as Error);
      }
    });
  }
}

interface PlainIo {
  readonly out: { write(text: string): void; flush(): void };
  readonly err: { write(text: string): void; flush(): void };
  readonly env: Readonly<Record<string, string | undefined>>;
}
