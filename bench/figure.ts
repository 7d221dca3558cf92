/** What a benchmark prints: a figure beside a named peer, measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: string;
  /** Null when the peer cannot be had here (no root, program missing); the reason is then in `note`. */
  readonly peerValue: number | null;
  /** Above 1: Sluice is the better of the two. Null without a peer. */
  readonly ratio: number | null;
  readonly note?: string;
}

/** More is better (packets a second). */
export function more(
  name: string,
  value: number,
  unit: string,
  peer: string,
  peerValue: number | null,
  note?: string,
): Figure {
  return figure(name, value, unit, peer, peerValue, peerValue === null ? null : value / peerValue, note);
}

/** Less is better (bytes, milliseconds). */
export function less(
  name: string,
  value: number,
  unit: string,
  peer: string,
  peerValue: number | null,
  note?: string,
): Figure {
  return figure(name, value, unit, peer, peerValue, peerValue === null ? null : peerValue / value, note);
}

function figure(
  name: string,
  value: number,
  unit: string,
  peer: string,
  peerValue: number | null,
  ratio: number | null,
  note: string | undefined,
): Figure {
  return {
    name,
    value: round(value),
    unit,
    peer,
    peerValue: peerValue === null ? null : round(peerValue),
    ratio: ratio === null ? null : round(ratio),
    ...(note === undefined ? {} : { note }),
  };
}

/** Four digits are more than the machines are good for. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs it `times` times and returns the median of what it says. */
export function medianOf(times: number, measure: () => number): number {
  return median(Array.from({ length: times }, measure));
}

export interface Bench {
  readonly name: string;
  /** Its figures, where there are others than one of its own name. */
  readonly figures?: readonly string[];
  readonly about: string;
  run(): Promise<Figure[]> | Figure[];
}
