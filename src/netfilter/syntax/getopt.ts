/**
 * From words to the tokens of grammar/iptables.ne, in getopt_long's way: which word is an option and which its value
 * depends on the options known at that point, and every `-m`, `-j` and (for options not known so far) `-p` adds some.
 * Long names may be cut short while they stay unambiguous; `--name=value`, `-j` and value in one word, and letters
 * without values in one word are understood. Source: getopt(3), iptables(8) and what iptables 1.8.9 takes.
 */
import type { MatchExtension, OptionSpec, TargetExtension } from '../extension.ts';
import { COMMAND_OPTIONS, optionByLetter, type CommandOption } from './command-options.ts';
import { LineError } from './line-error.ts';
import { isStandard, type Registry } from './registry.ts';
import type { ExtensionLeaf, Leaf } from './tree.ts';
import { ValueError } from './value-error.ts';
import { parseProtocol } from './values/protocols.ts';

export interface Loaded {
  readonly extension: MatchExtension | TargetExtension;
  /** Number of the word that brought it. */
  readonly word: number;
}

export interface TokenLine {
  readonly tokens: readonly (Leaf | ExtensionLeaf)[];
  /** The extensions that the line loads, in order; an ExtensionLeaf's `owner` counts in it. */
  readonly loaded: readonly Loaded[];
}

/** An option that a long name was found to mean. */
type Found =
  | { readonly kind: 'command'; readonly option: CommandOption }
  | {
      readonly kind: 'extension';
      readonly owner: number;
      readonly property: string;
      readonly spec: OptionSpec;
    };

/** Tokens of a rules file's line (`*table`, `:CHAIN …`, `[1:2] -A …`, `COMMIT`) or of a command line. */
export function tokenize(
  words: readonly string[],
  count: number,
  registry: Registry,
  file: boolean,
): TokenLine {
  return new Getopt(words, count, registry, file).line();
}

class Getopt {
  private readonly words: readonly string[];
  private readonly count: number;
  private readonly registry: Registry;
  private readonly file: boolean;
  private readonly tokens: (Leaf | ExtensionLeaf)[] = [];
  private readonly loaded: Loaded[] = [];
  private protocol = 0;
  /** The match of the protocol has been loaded for options without `-m`. */
  private protocolLoaded = false;
  private hasTarget = false;
  private not = -1;
  private at = 0;

  constructor(words: readonly string[], count: number, registry: Registry, file: boolean) {
    this.words = words;
    this.count = count;
    this.registry = registry;
    this.file = file;
  }

  line(): TokenLine {
    const first = this.count > 0 ? this.words[0]! : '';
    if (this.file && (first.startsWith('*') || first.startsWith(':'))) this.declaration(first);
    else if (this.file && first === 'COMMIT' && this.count === 1) this.push('commit', first, 0);
    else {
      if (this.file && first.startsWith('[')) this.push('counters', this.words[this.at++]!, 0);
      while (this.at < this.count) this.word(this.words[this.at]!, this.at);
      if (this.not >= 0) throw new LineError('RULE_SYNTAX', 'nothing appropriate following !', this.not);
    }
    return { tokens: this.tokens, loaded: this.loaded };
  }

  /** `*filter`, `:INPUT ACCEPT [0:0]`. */
  private declaration(first: string): void {
    this.push(first.startsWith('*') ? 'table' : 'chain', first.slice(1), 0, 1);
    for (let i = 1; i < this.count; i++) {
      const word = this.words[i]!;
      this.push(i > 1 && word.startsWith('[') ? 'counters' : 'value', word, i);
    }
  }

  private word(word: string, index: number): void {
    this.at++;
    if (word === '!') {
      if (this.not >= 0) throw new LineError('RULE_SYNTAX', 'multiple consecutive ! not allowed', index);
      this.not = index;
    } else if (word === '--') {
      throw new LineError('RULE_SYNTAX', 'unknown arguments found on commandline', index);
    } else if (word.startsWith('--')) {
      this.longOption(word, index);
    } else if (word.length > 1 && word.startsWith('-')) {
      this.letters(word, index);
    } else {
      this.refuseOldNegation();
      throw new LineError('RULE_SYNTAX', `Bad argument \`${word}'`, index);
    }
  }

  /** `--dport ! 22`, as one wrote it long ago: the option itself complains about the `!`. */
  private refuseOldNegation(): void {
    const [option, value] = this.tokens.slice(-2);
    if (value?.text !== '!' || option === undefined || !('owner' in option)) return;
    const { extension } = this.loaded[option.owner]!;
    const spec = extension.options[option.property]!;
    const use = {
      family: this.registry.family,
      protocol: this.protocol === 0 ? null : this.protocol,
      extension: extension.name,
      option: spec.name ?? option.property,
    };
    atWord(value.word, () => spec.value.parse([value.text], use));
  }

  private letters(word: string, index: number): void {
    for (let i = 1; i < word.length; i++) {
      const option = optionByLetter(word[i]!);
      const found =
        option === undefined ? this.shortOfExtension(word[i]!) : { kind: 'command' as const, option };
      if (found === null) throw new LineError('RULE_SYNTAX', `unknown option "${word}"`, index);
      const takesValue =
        found.kind === 'command' ? found.option.needs > 0 : (found.spec.value.words ?? 1) > 0;
      const rest = takesValue && i + 1 < word.length ? { text: word.slice(i + 1), offset: i + 1 } : null;
      this.option(found, `-${word[i]!}`, index, rest);
      if (takesValue) return;
    }
  }

  private longOption(word: string, index: number): void {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const found = this.byLongName(name) ?? (this.loadProtocolMatch(index) ? this.byLongName(name) : null);
    if (found === null) throw new LineError('RULE_SYNTAX', `unknown option "${word}"`, index);
    this.option(
      found,
      `--${name}`,
      index,
      equals < 0 ? null : { text: word.slice(equals + 1), offset: equals + 1 },
    );
  }

  /** Emits the option and the words that belong to it; `attached` is a value in the option's own word. */
  private option(
    found: Found,
    said: string,
    index: number,
    attached: { text: string; offset: number } | null,
  ): void {
    this.refuseNegation(found);
    if (this.not >= 0) this.push('not', '!', this.not);
    this.not = -1;
    if (found.kind === 'extension') {
      const { owner, property } = found;
      const leaf: ExtensionLeaf = { type: 'extension', text: said, word: index, offset: 0, owner, property };
      this.tokens.push(leaf);
      const { words = 1, mayTake = 0 } = found.spec.value;
      this.values(words, mayTake, said, index, attached);
      return;
    }
    const { option } = found;
    if (option.type === 'fragment' && this.registry.family === 6) {
      throw new LineError('RULE_SYNTAX', "`-f' is not supported in IPv6, use -m frag instead", index);
    }
    this.push(option.type, `--${option.names[0]!}`, index);
    const name = option.letter === null ? said : `-${option.letter}`;
    const whole =
      attached !== null && READ_AS_WORD.has(option.type) ? { text: this.words[index]!, offset: 0 } : attached;
    this.values(option.needs, option.takes, name, index, whole);
    this.load(option.type);
  }

  private refuseNegation(found: Found): void {
    if (this.not < 0) return;
    if (found.kind === 'command') {
      const { type, letter, names } = found.option;
      if (['source', 'destination', 'protocol', 'in_interface', 'out_interface', 'fragment'].includes(type))
        return;
      if (type === 'jump') throw new LineError('RULE_SYNTAX', 'cannot have ! before -j', this.not);
      const name = type === 'match' || letter === null ? `--${names[0]!}` : `-${letter}`;
      throw new LineError('RULE_SYNTAX', `unexpected ! flag before ${name}`, this.not);
    }
    if (found.spec.negate !== true) {
      const owner = this.loaded[found.owner]!.extension.name;
      const name = found.spec.name ?? found.property;
      throw new LineError('RULE_SYNTAX', `${owner}: option "--${name}" cannot be inverted.`, this.not);
    }
  }

  private values(
    needs: number,
    takes: number,
    said: string,
    index: number,
    attached: { text: string; offset: number } | null,
  ): void {
    let had = 0;
    if (attached !== null) {
      if (needs + takes === 0)
        throw new LineError('RULE_SYNTAX', `unknown option "${this.words[index]!}"`, index);
      this.push('value', attached.text, index, attached.offset);
      had = 1;
    }
    // The first value is whatever comes next; getopt leaves the others to iptables, which wants no options there.
    for (; had < needs + takes; had++) {
      const next = this.at < this.count ? this.words[this.at]! : null;
      if (next === null || ((had > 0 || needs === 0) && looksLikeOption(next))) break;
      this.push('value', next, this.at++);
    }
    if (had < needs) {
      const wants =
        needs === 1 || had === 0
          ? `option "${said}" requires an argument`
          : `${said} requires ${NUMBERS[needs]!} args.`;
      throw new LineError('RULE_SYNTAX', wants, index);
    }
  }

  /** What the option just emitted brings: a protocol, a match's or target's options. */
  private load(type: string): void {
    const value = this.tokens[this.tokens.length - 1]!;
    if (type === 'protocol') {
      this.protocol = atWord(value.word, () => parseProtocol(value.text));
    } else if (type === 'match') {
      const extension = this.registry.match(value.text);
      if (extension === undefined) {
        throw new LineError(
          'RULE_UNKNOWN',
          `Couldn't load match \`${value.text}':No such file or directory\n`,
          value.word,
        );
      }
      this.loaded.push({ extension, word: value.word });
    } else if (type === 'jump' && !this.hasTarget) {
      this.hasTarget = true;
      const extension = isStandard(value.text) ? undefined : this.registry.target(value.text);
      if (extension !== undefined) this.loaded.push({ extension, word: value.word });
    }
  }

  private loadProtocolMatch(index: number): boolean {
    const extension = this.registry.matchOfProtocol(this.protocol);
    if (this.protocolLoaded || extension === undefined) return false;
    this.protocolLoaded = true;
    if (this.loaded.some((loaded) => loaded.extension === extension)) return false;
    this.push('match', '--match', index);
    this.push('value', extension.name, index);
    this.loaded.push({ extension, word: index });
    return true;
  }

  /** Exact names first, iptables' own before those of extensions, the last loaded first; then beginnings of names. */
  private byLongName(name: string): Found | null {
    const begins: Found[] = [];
    for (const option of COMMAND_OPTIONS) {
      if (option.names.includes(name)) return { kind: 'command', option };
      if (option.names.some((long) => long.startsWith(name))) begins.push({ kind: 'command', option });
    }
    for (let owner = this.loaded.length - 1; owner >= 0; owner--) {
      const { options } = this.loaded[owner]!.extension;
      for (const property in options) {
        const spec = options[property]!;
        if (spec.families !== undefined && !spec.families.includes(this.registry.family)) continue;
        const names = [spec.name ?? property, ...(spec.aliases ?? [])];
        const found: Found = { kind: 'extension', owner, property, spec };
        if (names.includes(name)) return found;
        if (names.some((long) => long.startsWith(name))) begins.push(found);
      }
    }
    return begins.length === 1 && name !== '' ? begins[0]! : null;
  }

  private shortOfExtension(letter: string): Found | null {
    for (let owner = this.loaded.length - 1; owner >= 0; owner--) {
      const { options } = this.loaded[owner]!.extension;
      for (const property in options) {
        const spec = options[property]!;
        if (spec.short === letter) return { kind: 'extension', owner, property, spec };
      }
    }
    return null;
  }

  private push(type: string, text: string, word: number, offset = 0): void {
    this.tokens.push({ type, text, word, offset });
  }
}

/**
 * Options whose value iptables 1.8.9 reads from the command line itself, not from getopt: with `-ptcp` or
 * `--source=10.0.0.1` the value is the whole word, and refused as such.
 */
const READ_AS_WORD = new Set(['source', 'destination', 'protocol', 'in_interface', 'out_interface', 'jump']);

const NUMBERS = ['no', 'one', 'two', 'three', 'four'];

function looksLikeOption(word: string): boolean {
  return word.startsWith('-') || word.startsWith('!');
}

/** Runs `read`, and says of a ValueError at which word it happened. */
export function atWord<T>(word: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw located(error, word);
  }
}

/** A ValueError as a LineError at that word; any other error as it is. */
export function located(error: unknown, word: number): unknown {
  if (!(error instanceof ValueError)) return error;
  return new LineError(error.kind === 'REFUSED' ? 'RULE_REFUSED' : 'RULE_SYNTAX', error.message, word);
}
