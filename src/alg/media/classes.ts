/** Classes of the expectations of helpers that open media: the order of their policies. */
import type { ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import { THREE_MINUTES_US } from '../helper-facts.ts';

export const MediaClass = { SIGNALLING: 0, AUDIO: 1, VIDEO: 2, IMAGE: 3 } as const;
export type MediaClass = (typeof MediaClass)[keyof typeof MediaClass];

/** A connection may carry many calls, each of which ends its own. */
const MANY = 512;

/** Of helpers that do not follow Linux. */
export function mediaPolicies(signalling: number): ExpectPolicy[] {
  return [
    { name: 'signalling', maxExpected: signalling, timeoutUs: THREE_MINUTES_US },
    ...['audio', 'video', 'image'].map((name) => ({ name, maxExpected: MANY, timeoutUs: THREE_MINUTES_US })),
  ];
}
