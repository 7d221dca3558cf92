/**
 * A lab at a prompt: one line, one command, on the node that the prompt names; a second of the lab's time passes with each.
 *
 *     a> ping 10.0.0.3          on the node of the prompt
 *     a> sw bridge fdb show     on another, named in front
 *     a> sw                     from now on there
 *     a> frames                 show the way of the frames, or no longer
 *     a> exit
 */
import { didYouMean } from '../../base/did-you-mean.ts';
import { SluiceError } from '../../base/errors.ts';
import { COMMANDS, COMMAND_NAMES, pathText, runCommand, type Lab } from '../../lab/index.ts';

const COMMAND_DURATION_US = 1e6;

export class LabPrompt {
  private readonly lab: Lab;
  private readonly names: readonly string[];
  private node: string;
  private showsFrames = false;
  isDone = false;

  constructor(lab: Lab) {
    this.lab = lab;
    this.names = lab.topology.nodes.map(({ name }) => name);
    this.node = this.names[0] ?? '';
  }

  get prompt(): string {
    return `${this.node}> `;
  }

  /** Runs a line; what it prints. */
  enter(line: string): string {
    const words = line
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    try {
      return this.run(words);
    } catch (error) {
      if (error instanceof SluiceError) return `${error.describe()}\n`;
      throw error;
    }
  }

  private run(words: readonly string[]): string {
    const [first, ...rest] = words;
    if (first === undefined) return '';
    if (first === 'exit' || first === 'quit') {
      this.isDone = true;
      return '';
    }
    if (first === 'help') return this.help();
    if (first === 'frames') {
      this.showsFrames = !this.showsFrames;
      return `frames are ${this.showsFrames ? 'shown' : 'not shown'}\n`;
    }
    if (COMMAND_NAMES.includes(first)) return this.command(this.node, words);
    if (this.names.includes(first)) {
      if (rest.length > 0) return this.command(first, rest);
      this.node = first;
      return '';
    }
    const known = [...COMMAND_NAMES, ...this.names, 'help', 'frames', 'exit'];
    throw new SluiceError(
      'LAB',
      `no command and no node "${first}"${didYouMean(first, known)}; "help" lists them`,
    );
  }

  private command(node: string, words: readonly string[]): string {
    if (!COMMAND_NAMES.includes(words[0]!)) {
      throw new SluiceError('LAB', `no command "${words[0]}"${didYouMean(words[0]!, COMMAND_NAMES)}`);
    }
    const { result, crossings } = runCommand(this.lab, node, words, COMMAND_DURATION_US);
    const lines = [...result.output, ...(this.showsFrames ? pathText(crossings) : [])];
    return lines.map((line) => `${line}\n`).join('');
  }

  private help(): string {
    const width = Math.max(...COMMANDS.map(({ usage }) => usage.length));
    const lines = COMMANDS.map(({ usage, about }) => `${usage.padEnd(width)}  ${about}`);
    return `${[...lines, `nodes: ${this.names.join(', ')}`, 'frames: show the way of frames; exit'].join('\n')}\n`;
  }
}
