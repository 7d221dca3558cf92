/** What stands in front of iproute2's objects (`ip -4 -s …`), the text that a command makes, and words with short forms. */
import type { Family } from '../../netfilter/hook.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import type { Words } from '../../stack/routing/words.ts';
import { WordsMistake } from '../../stack/routing/words.ts';

export interface IpOptions {
  /** 0 for both, or for what the addresses say. */
  readonly family: Family | 0;
  /** How often `-s` was given. */
  readonly statistics: number;
  readonly details: boolean;
  readonly oneLine: boolean;
  readonly brief: boolean;
}

/** One command: the host that it is about, how it was asked, and its output. */
export class IpCommand {
  readonly host: Host;
  readonly options: IpOptions;
  out = '';
  err = '';

  constructor(host: Host, options: IpOptions) {
    this.host = host;
    this.options = options;
  }

  /** Lines of one entry; with `-o` one line with backslashes in it. */
  print(lines: readonly string[]): void {
    this.out += `${lines.join(this.options.oneLine ? '\\' : '\n')}\n`;
  }

  wants(family: Family): boolean {
    return this.options.family === 0 || this.options.family === family;
  }

  /** Of a command that is about one family, IPv4 unless it was said. */
  get family(): Family {
    return this.options.family === 6 ? 6 : 4;
  }

  device(name: string): Device {
    const device = this.host.devices.named(name);
    if (device === undefined) throw new WordsMistake(`Cannot find device "${name}"`, 1);
    return device;
  }
}

/** iproute2's `matches`: any beginning of a word stands for it. */
export function isShortFor(word: string, whole: string): boolean {
  return word !== '' && whole.startsWith(word);
}

/** The first of the words that the first word stands for; taken away if there is one. */
export function takeVerb(words: Words, verbs: readonly string[]): string | undefined {
  if (words.isEmpty) return undefined;
  const verb = verbs.find((whole) => isShortFor(words.peek, whole));
  if (verb !== undefined) words.next();
  return verb;
}

export function unknownCommand(word: string, object: string): never {
  throw new WordsMistake(`Command "${word}" is unknown, try "ip ${object} help".`);
}
