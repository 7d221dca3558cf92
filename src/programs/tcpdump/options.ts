/** The words of a tcpdump command line, before the filter. */
export class TcpdumpMistake extends Error {}

export interface Options {
  /** `any`, or a device's name; null for the first. */
  readonly device: string | null;
  /** Ends after so many; Infinity for never. */
  readonly count: number;
  /** Shows the link's header. */
  readonly link: boolean;
  readonly times: boolean;
  readonly direction: 'in' | 'out' | 'inout';
  readonly file: string | null;
  readonly filter: string;
}

/** Letters that take a value. */
const WITH_VALUE = 'icQws';
/** Letters that change nothing here: names are never looked up, lines go out at once, devices are always promiscuous. */
const WITHOUT_EFFECT = 'nlUpqKOS';

/** Throws TcpdumpMistake. */
export function readOptions(args: readonly string[]): Options {
  const given = new Map<string, string>();
  let at = 0;
  for (; at < args.length && args[at]!.startsWith('-') && args[at]!.length > 1; at++) {
    const word = args[at]!;
    for (let i = 1; i < word.length; i++) {
      const letter = word[i]!;
      if (WITH_VALUE.includes(letter)) {
        const value = word.slice(i + 1) || args[++at];
        if (value === undefined) throw new TcpdumpMistake(`option requires an argument -- '${letter}'`);
        given.set(letter, value);
        break;
      }
      if (letter !== 'e' && letter !== 't' && !WITHOUT_EFFECT.includes(letter)) {
        throw new TcpdumpMistake(`invalid option -- '${letter}'`);
      }
      given.set(letter, '');
    }
  }
  const direction = given.get('Q') ?? 'inout';
  if (direction !== 'in' && direction !== 'out' && direction !== 'inout') {
    throw new TcpdumpMistake(`unknown capture direction \`${direction}'`);
  }
  return {
    device: given.get('i') ?? null,
    count: countOf(given.get('c')),
    link: given.has('e'),
    times: !given.has('t'),
    direction,
    file: given.get('w') ?? null,
    filter: args.slice(at).join(' '),
  };
}

function countOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new TcpdumpMistake(`invalid packet count ${text}`);
  return Number(text);
}
