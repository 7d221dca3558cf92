/**
 * A command line of conntrack(8), read: options in getopt's way (anywhere, shortened, values attached or following), the
 * protocol's own options once `-p` has named it, and the complaints that the tool has.
 */
import type { LabelNames } from '../../netfilter/conntrack/label-names.ts';
import { parseProtocol } from '../../netfilter/syntax/values/protocols.ts';
import {
  COMMAND_NAMES,
  COMMANDS,
  OPTIONS,
  PROTOCOL_OPTIONS,
  REQUIRED,
  TABLES,
  type Command,
  type OptionName,
  type OptionSpec,
  type ProtocolOption,
  type Table,
} from './options.ts';

const LABEL_OPTIONS = ['label', 'label-add', 'label-del'] as const;
export type LabelOption = (typeof LABEL_OPTIONS)[number];

/** Words that make no sense: the tool ends with status 2 and points to its help, or with 1 and does not. */
export class BadWords extends Error {
  readonly status: 1 | 2;

  constructor(message: string, status: 1 | 2 = 2) {
    super(message);
    this.name = 'BadWords';
    this.status = status;
  }
}

export interface Request {
  readonly command: Command | 'help' | 'version';
  readonly table: Table;
  /** By name, as written; the empty string for none. */
  readonly options: ReadonlyMap<OptionName, string>;
  /** Of `-p`; null without. */
  readonly protocol: number | null;
  readonly ofProtocol: ReadonlyMap<ProtocolOption, string>;
  /** Of the options about labels that were given: their numbers. */
  readonly labels: ReadonlyMap<LabelOption, readonly number[]>;
}

/** Throws BadWords. */
export function readRequest(args: readonly string[], labels: LabelNames): Request {
  if (args.length === 0) return request('help');
  const reader = new Reader(args, labels);
  reader.read();
  return reader.finish();
}

function request(command: Request['command']): Request {
  return {
    command,
    table: 'conntrack',
    options: new Map(),
    protocol: null,
    ofProtocol: new Map(),
    labels: new Map(),
  };
}

/** One word that names an option: what it is, and what stands attached to it. */
type Found =
  | { readonly kind: 'command'; readonly command: Command | 'help' | 'version' }
  | { readonly kind: 'option'; readonly spec: OptionSpec }
  | { readonly kind: 'protocol'; readonly option: ProtocolOption };

class Reader {
  private readonly args: readonly string[];
  private readonly labelNames: LabelNames;
  private at = 0;
  private command: Command | null = null;
  private special: 'help' | 'version' | null = null;
  private table: Table = 'conntrack';
  private protocol: number | null = null;
  private readonly options = new Map<OptionName, string>();
  private readonly ofProtocol = new Map<ProtocolOption, string>();
  private readonly labels = new Map<LabelOption, readonly number[]>();

  constructor(args: readonly string[], labels: LabelNames) {
    this.args = args;
    this.labelNames = labels;
  }

  read(): void {
    while (this.at < this.args.length) {
      const word = this.args[this.at++]!;
      if (word === '--') return;
      if (word.startsWith('--')) this.long(word);
      else if (word.startsWith('-') && word.length > 1) this.letters(word);
      // Any other word is passed over.
    }
  }

  finish(): Request {
    if (this.special !== null) return request(this.special);
    const { command, table, options, protocol, ofProtocol, labels } = this;
    if (labels.has('label-add') && labels.has('label-del')) {
      throw new BadWords('cannot use --label-add and --label-del at the same time', 1);
    }
    this.checkMasks();
    checkAllowed(command, table, options);
    if (command === null) return request('help');
    return { command, table, options, protocol, ofProtocol, labels };
  }

  private long(word: string): void {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const found = this.named(name);
    if (found === null) throw new BadWords(`unknown option \`${word}'`);
    this.take(found, equals < 0 ? null : word.slice(equals + 1), word);
  }

  private letters(word: string): void {
    for (let i = 1; i < word.length; i++) {
      const found = withLetter(word[i]!);
      if (found === null) throw new BadWords(`unknown option \`${word}'`);
      const rest = word.slice(i + 1);
      const takesValue = found.kind === 'option' && found.spec.value !== 'none';
      this.take(found, takesValue && rest !== '' ? rest : null, `-${word[i]!}`);
      if (takesValue && rest !== '') return;
    }
  }

  /** The option of that name or of which it is the only beginning. */
  private named(name: string): Found | null {
    const all = new Map<string, Found>();
    for (const command of COMMANDS) all.set(COMMAND_NAMES[command], { kind: 'command', command });
    all.set('help', { kind: 'command', command: 'help' });
    all.set('version', { kind: 'command', command: 'version' });
    for (const spec of OPTIONS) {
      for (const one of [spec.name, ...spec.others]) all.set(one, { kind: 'option', spec });
    }
    const own = this.protocol === null ? undefined : PROTOCOL_OPTIONS.get(this.protocol);
    for (const [one, option] of Object.entries(own ?? {})) all.set(one, { kind: 'protocol', option });
    const exact = all.get(name);
    if (exact !== undefined) return exact;
    const begins = [...all].filter(([one]) => one.startsWith(name));
    return begins.length === 1 ? begins[0]![1] : null;
  }

  private take(found: Found, attached: string | null, word: string): void {
    switch (found.kind) {
      case 'command':
        return this.setCommand(found.command);
      case 'protocol':
        this.ofProtocol.set(found.option, attached ?? this.following(word));
        return;
      case 'option': {
        const { name, value } = found.spec;
        // What is attached to --label-del is overlooked by the tool.
        const given = name === 'label-del' ? null : attached;
        const text =
          given ?? (value === 'none' ? '' : value === 'required' ? this.following(word) : this.ifFollowing());
        if (name === 'protonum') this.setProtocol(text);
        if (isAboutLabels(name)) this.addLabels(name, text);
        this.options.set(name, text);
      }
    }
  }

  private addLabels(option: LabelOption, text: string): void {
    const names = option === 'label-del' && text === '' ? [] : text.split(',');
    const numbers = names.map((name) => {
      const number = this.labelNames.numberOf(name);
      if (number !== undefined) return number;
      const before = this.labelNames.isEmpty ? `${NO_LABELS}\0` : '';
      throw new BadWords(`${before}unknown label '${name}'`);
    });
    this.labels.set(option, [...(this.labels.get(option) ?? []), ...numbers]);
  }

  private setCommand(command: Command | 'help' | 'version'): void {
    if (command === 'help' || command === 'version') {
      this.special = command;
      return;
    }
    if (this.command !== null) throw new BadWords('Invalid commands combination');
    this.command = command;
    if (command === 'S') return;
    const word = this.ifFollowing();
    if (word !== '') this.table = tableNamed(word);
    if (this.table === 'expect' && (command === 'A' || command === 'U')) {
      throw new BadWords(`Can't do --${COMMAND_NAMES[command]} on expectations`);
    }
    if ((this.table === 'dying' || this.table === 'unconfirmed') && command !== 'L') {
      throw new BadWords("Can't do that command with tables `dying' and `unconfirmed'");
    }
  }

  private setProtocol(text: string): void {
    try {
      this.protocol = parseProtocol(text.toLowerCase());
    } catch {
      throw new BadWords(`\`${text}' unsupported protocol`);
    }
  }

  private following(word: string): string {
    if (this.at >= this.args.length) throw new BadWords(`option \`${word}' requires an argument`);
    return this.args[this.at++]!;
  }

  private ifFollowing(): string {
    const next = this.args[this.at];
    return next === undefined || next.startsWith('-') ? '' : this.args[this.at++]!;
  }

  private checkMasks(): void {
    for (const side of ['src', 'dst'] as const) {
      if (this.table === 'conntrack' && this.options.has(`mask-${side}`) && !this.options.has(side)) {
        if (this.command !== null && takes(this.command, `mask-${side}`, this.table)) {
          throw new BadWords(`Can't use --mask-${side} without --${side}`);
        }
      }
    }
  }
}

/** What the tool says, with a line's end, where there is no file of labels. */
export const NO_LABELS = 'nfct_labelmap_new: No such file or directory\n';

function isAboutLabels(name: OptionName): name is LabelOption {
  return (LABEL_OPTIONS as readonly OptionName[]).includes(name);
}

function withLetter(letter: string): Found | null {
  if ((COMMANDS as readonly string[]).includes(letter)) {
    return { kind: 'command', command: letter as Command };
  }
  if (letter === 'h') return { kind: 'command', command: 'help' };
  if (letter === 'V') return { kind: 'command', command: 'version' };
  const spec = OPTIONS.find((one) => one.letter === letter);
  return spec === undefined ? null : { kind: 'option', spec };
}

function tableNamed(word: string): Table {
  // Names may be shortened.
  const found = TABLES.find((table) => table.startsWith(word));
  if (found === undefined) throw new BadWords(`unknown type \`${word}'`);
  return found;
}

function takes(command: Command, name: OptionName, table: Table): boolean {
  const [connections, expectations] = OPTIONS.find((spec) => spec.name === name)!.on.split('/');
  return (table === 'expect' ? expectations! : connections!).includes(command);
}

/** What is missing, or not allowed, first in the order of the options. */
function checkAllowed(command: Command | null, table: Table, options: ReadonlyMap<OptionName, string>): void {
  const required = command === null ? [] : (REQUIRED[command]?.[table === 'expect' ? 1 : 0] ?? []);
  for (const { name } of OPTIONS) {
    if (required.includes(name) && !options.has(name)) {
      throw new BadWords(`You need to supply the \`--${name}' option for this command`);
    }
    if (options.has(name) && (command === null || !takes(command, name, table))) {
      throw new BadWords(`Illegal option \`--${name}' with this command`);
    }
  }
  const filters = [
    'src',
    'dst',
    'reply-src',
    'reply-dst',
    'protonum',
    'mark',
    'status',
    'label',
    'src-nat',
    'dst-nat',
  ];
  if (options.has('zero') && filters.some((name) => options.has(name as OptionName))) {
    throw new BadWords("Can't use -z with filtering parameters");
  }
}
