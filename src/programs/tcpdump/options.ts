/** The words of a tcpdump command line, before the filter. */
import type { DumpForm } from './dump.ts';

export class TcpdumpMistake extends Error {}

export interface Options {
  /** `any`, or a device's name; null for the first. */
  readonly device: string | null;
  /** Ends after so many; Infinity for never. */
  readonly count: number;
  /** Shows the link's header. */
  readonly link: boolean;
  readonly times: boolean;
  /** Shows what headers say besides, and whether checksums are right. */
  readonly verbose: boolean;
  /** Shows the packet's bytes; with `dumpsLink` those of the link's header too. */
  readonly dump: DumpForm;
  readonly dumpsLink: boolean;
  /** A capture to read in place of a device. */
  readonly input: string | null;
  readonly direction: 'in' | 'out' | 'inout';
  readonly file: string | null;
  readonly filter: string;
}

/** Letters that take a value. */
const WITH_VALUE = 'icQrws';
const FLAGS = 'etvxXA';
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
      if (!FLAGS.includes(letter) && !WITHOUT_EFFECT.includes(letter)) {
        throw new TcpdumpMistake(`invalid option -- '${letter}'`);
      }
      given.set(letter, `${given.get(letter) ?? ''}${letter}`);
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
    verbose: given.has('v'),
    ...dumpOf(given),
    input: given.get('r') ?? null,
    direction,
    file: given.get('w') ?? null,
    filter: args.slice(at).join(' '),
  };
}

/** Of several forms the one that shows most. */
function dumpOf(given: ReadonlyMap<string, string>): Pick<Options, 'dump' | 'dumpsLink'> {
  for (const [letter, dump] of DUMPS) {
    const times = given.get(letter)?.length ?? 0;
    if (times > 0) return { dump, dumpsLink: times > 1 };
  }
  return { dump: 'none', dumpsLink: false };
}

const DUMPS: readonly (readonly [letter: string, form: DumpForm])[] = [
  ['X', 'hex and text'],
  ['x', 'hex'],
  ['A', 'text'],
];

function countOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new TcpdumpMistake(`invalid packet count ${text}`);
  return Number(text);
}
