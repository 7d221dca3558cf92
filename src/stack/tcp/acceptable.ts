/** Whether a segment may be taken at all: its place in the window (RFC 9293 3.4) and its time (PAWS, RFC 7323 section 5). */
import { PAWS_DAYS_SECONDS } from './ack.ts';
import type { Segment } from './segment.ts';
import type { Tcp } from './tcp.ts';

/** Any part of it lies between what is expected and the end of the window. */
export function isInWindow(segment: Segment, next: number, window: number): boolean {
  return ((segment.endSeq - next) | 0) >= 0 && ((segment.seq - next - window) | 0) <= 0;
}

export interface TimestampMemory {
  readonly tsRecent: number;
  readonly tsRecentAt?: number;
}

/** An older time than the last taken: a duplicate out of an earlier round of the sequence space. */
export function isOldTimestamp(
  owner: Tcp,
  memory: TimestampMemory,
  isUsed: boolean,
  segment: Segment,
): boolean {
  if (!isUsed || !segment.hasTimestamps) return false;
  if (((segment.tsValue - memory.tsRecent) | 0) >= 0) return false;
  return memory.tsRecentAt === undefined || owner.seconds - memory.tsRecentAt < PAWS_DAYS_SECONDS;
}
