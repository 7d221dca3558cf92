/**
 * TCP options in SYNs to a closed port: what may be signed (RFC 2385) gets no reset, nor do options that can't be
 * followed in front of where a signature could stand.
 */
import { TimeLine } from '../../flow.ts';
import { tcp, type Bytes } from '../../../../src/conform/frames.ts';

const ones = (length: number): number[] => Array.from({ length }, () => 1);

const OPTIONS: readonly Bytes[] = [
  [],
  [5, 0, 0, 0],
  [5, 0, ...ones(14)],
  [5, 0, ...ones(18)],
  [5, 1, ...ones(18)],
  [5, 40, ...ones(18)],
  [0, 0, 5, 0, ...ones(16)],
  [1, 1, 5, 0, ...ones(16)],
  [2, 4, 5, 180, 5, 0, ...ones(14)],
  [19, 18, ...ones(18)],
  [1, 1, 19, 18, ...ones(16)],
  [19, 17, ...ones(18)],
  [29, 4, 1, 1],
  [29, 16, ...ones(14)],
  [254, 1, ...ones(6)],
];

const line = new TimeLine();
for (const [from, to] of [
  ['10.0.0.2', '10.0.0.1'],
  ['fd00:a::2', 'fd00:a::1'],
] as const) {
  OPTIONS.forEach((options, i) =>
    line.inside(tcp({ from, to }, { sport: 1000 + i, dport: 80, seq: 1, flags: 'S', options })),
  );
}

export const { steps } = line;
