/**
 * What a link does to frames, in the words of tc-netem(8): delay, jitter, loss, duplication, corruption, reordering, rate and
 * the length of the queue. As text, `delay 40ms 5ms 25% loss 1% rate 10mbit limit 500`, or as an object.
 */
import { SluiceError } from '../../base/errors.ts';

export const DISTRIBUTIONS = ['uniform', 'normal', 'pareto', 'paretonormal'] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

/** Times in microseconds, chances from 0 to 1, correlations with the frame before likewise. */
export interface Netem {
  readonly delay: number;
  readonly jitter: number;
  readonly delayCorrelation: number;
  readonly distribution: Distribution;
  readonly loss: number;
  readonly lossCorrelation: number;
  /** The Gilbert-Elliott model: chances of going bad and good, and of losing in either state; in place of `loss`. */
  readonly gemodel: {
    readonly p: number;
    readonly r: number;
    readonly lossBad: number;
    readonly lossGood: number;
  } | null;
  readonly duplicate: number;
  readonly duplicateCorrelation: number;
  readonly corrupt: number;
  readonly corruptCorrelation: number;
  /** Chance of being sent at once, past what waits. */
  readonly reorder: number;
  readonly reorderCorrelation: number;
  /** Only every so many frames may be sent past; 0 for any. */
  readonly gap: number;
  /** Bits a second, 0 for no limit. */
  readonly rate: number;
  /** Frames that may wait. */
  readonly limit: number;
}

export const NO_IMPAIRMENT: Netem = {
  delay: 0,
  jitter: 0,
  delayCorrelation: 0,
  distribution: 'uniform',
  loss: 0,
  lossCorrelation: 0,
  gemodel: null,
  duplicate: 0,
  duplicateCorrelation: 0,
  corrupt: 0,
  corruptCorrelation: 0,
  reorder: 0,
  reorderCorrelation: 0,
  gap: 0,
  rate: 0,
  limit: 1000,
};

/** Reads tc's words; throws SluiceError that names the word. */
export function parseNetem(text: string): Netem {
  return new NetemReader(text).read();
}

const TIME_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  us: 1,
  usec: 1,
  ms: 1000,
  msec: 1000,
  s: 1e6,
  sec: 1e6,
};
const RATE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  tbit: 1e12,
  bps: 8,
  kbps: 8e3,
  mbps: 8e6,
  gbps: 8e9,
};

class NetemReader {
  private readonly words: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.words = text.split(/\s+/).filter((word) => word !== '');
  }

  read(): Netem {
    let netem = NO_IMPAIRMENT;
    while (this.at < this.words.length) netem = { ...netem, ...this.clause(this.words[this.at++]!) };
    if (netem.reorder > 0 && netem.delay === 0)
      this.fail('reorder', 'needs a delay: there is nothing to pass otherwise');
    return netem;
  }

  private clause(word: string): Partial<Netem> {
    switch (word) {
      case 'delay':
      case 'latency':
        return this.delay();
      case 'distribution':
        return { distribution: this.distribution() };
      case 'loss':
      case 'drop':
        return this.loss();
      case 'duplicate':
        return { duplicate: this.chance(word), duplicateCorrelation: this.maybeChance() ?? 0 };
      case 'corrupt':
        return { corrupt: this.chance(word), corruptCorrelation: this.maybeChance() ?? 0 };
      case 'reorder':
        return {
          reorder: this.chance(word),
          reorderCorrelation: this.maybeChance() ?? 0,
          ...this.maybeGap(),
        };
      case 'gap':
        return { gap: this.count(word) };
      case 'rate':
        return { rate: this.quantity(word, RATE_UNITS) };
      case 'limit':
        return { limit: this.count(word) };
      default:
        return this.fail(
          word,
          'is no word of netem: delay, distribution, loss, duplicate, corrupt, reorder, gap, rate, limit',
        );
    }
  }

  private delay(): Partial<Netem> {
    const delay = this.quantity('delay', TIME_UNITS);
    const jitter = this.maybeQuantity(TIME_UNITS) ?? 0;
    return { delay, jitter, delayCorrelation: jitter > 0 ? (this.maybeChance() ?? 0) : 0 };
  }

  private loss(): Partial<Netem> {
    if (this.words[this.at] === 'random') this.at++;
    if (this.words[this.at] === 'gemodel') {
      this.at++;
      const p = this.chance('loss gemodel');
      const r = this.maybeChance() ?? 1 - p;
      const lossBad = this.maybeChance() ?? 1;
      return { gemodel: { p, r, lossBad, lossGood: this.maybeChance() ?? 0 } };
    }
    return { loss: this.chance('loss'), lossCorrelation: this.maybeChance() ?? 0 };
  }

  private distribution(): Distribution {
    const word = this.words[this.at++];
    return (
      DISTRIBUTIONS.find((name) => name === word) ??
      this.fail('distribution', `is one of ${DISTRIBUTIONS.join(', ')}`)
    );
  }

  private maybeGap(): Partial<Netem> {
    if (this.words[this.at] !== 'gap') return {};
    this.at++;
    return { gap: this.count('gap') };
  }

  private count(of: string): number {
    const word = this.words[this.at++] ?? '';
    return /^\d{1,9}$/.test(word) ? Number(word) : this.fail(of, `needs a whole number, not "${word}"`);
  }

  private chance(of: string): number {
    return this.maybeChance() ?? this.fail(of, `needs a percentage, not "${this.words[this.at] ?? ''}"`);
  }

  private maybeChance(): number | undefined {
    const match = /^(\d+(?:\.\d+)?)%$/.exec(this.words[this.at] ?? '');
    if (match === null || Number(match[1]) > 100) return undefined;
    this.at++;
    return Number(match[1]) / 100;
  }

  private quantity(of: string, units: Readonly<Record<string, number>>): number {
    return (
      this.maybeQuantity(units) ??
      this.fail(of, `needs a number with a unit, not "${this.words[this.at] ?? ''}"`)
    );
  }

  private maybeQuantity(units: Readonly<Record<string, number>>): number | undefined {
    const match = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(this.words[this.at] ?? '');
    const unit = match === null ? undefined : units[match[2]!.toLowerCase()];
    if (unit === undefined) return undefined;
    this.at++;
    return Number(match![1]) * unit;
  }

  private fail(of: string, message: string): never {
    throw new SluiceError('NETEM', `netem: ${of} ${message}`);
  }
}
