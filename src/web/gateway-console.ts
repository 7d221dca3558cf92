/**
 * What is typed at the gateway of a network, in a browser: iptables, ipset and their like with their own complaints, and the programs
 * of a host (conntrack, ping, ip, sysctl …). In Node, src/shell/ has the same programs and more, over sockets and files.
 */
import { SluiceError } from '../base/errors.ts';
import { programNamed } from '../programs/index.ts';
import { LineMistake, readLine, type Word } from '../programs/line.ts';
import { addressesOfNode } from '../programs/node-names.ts';
import { whenAnswered } from '../programs/rules/answers.ts';
import { failureOf } from '../programs/rules/failure.ts';
import { runRulesProgram } from '../programs/rules/index.ts';
import { LiveRules } from '../programs/rules/live-rules.ts';
import { isRulesProgram } from '../programs/rules/names.ts';
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
    const { gateway, clock } = this.network;
    if (isRulesProgram(name)) {
      const rules = () => new LiveRules(gateway, Math.floor(clock.now));
      const asked = {
        ...io,
        readInput: () => '',
        readFile: noFiles,
        writeFile: noFiles,
        now: () => clock.now,
        addressesOf: (host: string, wanted: 4 | 6) => addressesOfNode([this.node], host, wanted),
      };
      return whenAnswered(runRulesProgram(name, args, rules, asked));
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

function noFiles(path: string): never {
  throw new SluiceError('FILE', `there are no files here: ${path}`);
}

interface PlainIo {
  readonly out: { write(text: string): void; flush(): void };
  readonly err: { write(text: string): void; flush(): void };
  readonly env: Readonly<Record<string, string | undefined>>;
}
