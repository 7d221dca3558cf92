/**
 * The options of iptables-save and iptables-restore, in getopt_long's way and with its complaints. iptables' own command
 * line, where matches and targets bring options along, is read by src/netfilter/syntax/getopt.ts.
 */
export interface OptionShape {
  readonly letter: string;
  readonly long: string;
  readonly value: 'none' | 'required' | 'optional';
}

export interface GivenOptions {
  /** By letter; the empty string where no value was given. */
  readonly given: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** Throws OptionError. */
export function readOptions(args: readonly string[], shapes: readonly OptionShape[]): GivenOptions {
  const given = new Map<string, string>();
  const rest: string[] = [];
  const words = [...args];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') return { given, rest: [...rest, ...words] };
    if (word.startsWith('--')) longOption(word, words, shapes, given);
    else if (word.startsWith('-') && word !== '-') letters(word, words, shapes, given);
    else rest.push(word);
  }
  return { given, rest };
}

export class OptionError extends Error {}

function longOption(
  word: string,
  words: string[],
  shapes: readonly OptionShape[],
  given: Map<string, string>,
): void {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const begins = shapes.filter(({ long }) => long.startsWith(name));
  const shape = shapes.find(({ long }) => long === name) ?? (begins.length === 1 ? begins[0] : undefined);
  if (shape === undefined) throw new OptionError(`unrecognized option '--${name}'`);
  if (equals >= 0) {
    if (shape.value === 'none') throw new OptionError(`option '--${shape.long}' doesn't allow an argument`);
    given.set(shape.letter, word.slice(equals + 1));
  } else {
    given.set(shape.letter, following(shape, words, `option '--${shape.long}' requires an argument`));
  }
}

function letters(
  word: string,
  words: string[],
  shapes: readonly OptionShape[],
  given: Map<string, string>,
): void {
  for (let i = 1; i < word.length; i++) {
    const shape = shapes.find(({ letter }) => letter === word[i]);
    if (shape === undefined) throw new OptionError(`invalid option -- '${word[i]!}'`);
    if (shape.value !== 'none' && i + 1 < word.length) {
      given.set(shape.letter, word.slice(i + 1));
      return;
    }
    given.set(shape.letter, following(shape, words, `option requires an argument -- '${shape.letter}'`));
  }
}

function following(shape: OptionShape, words: string[], missing: string): string {
  if (shape.value === 'none') return '';
  const next = words[0];
  if (shape.value === 'optional') return next !== undefined && /^[0-9]/.test(next) ? words.shift()! : '';
  if (next === undefined) throw new OptionError(missing);
  return words.shift()!;
}
