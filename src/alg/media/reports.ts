/**
 * What the two ends of a media stream tell each other about it by RTCP (RFC 3550 6.4): a sender when he sent a report, a
 * receiver how much of a stream arrives, how evenly, and how long it was since the sender's report came.
 */
import { readU16, readU32 } from '../../wire/bytes.ts';
import { isRtcp, type ReceptionReport } from './media-quality.ts';

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const HEADER_LENGTH = 8;
const SENDER_INFO_LENGTH = 20;
const BLOCK_LENGTH = 24;

export interface ReportListener {
  /** A sender's report with the middle 32 bits of its time stamp. */
  sent(ssrc: number, stamp: number): void;
  received(report: ReceptionReport): void;
}

/** False for what is no RTCP. */
export function readReports(
  bytes: Uint8Array,
  start: number,
  end: number,
  listener: ReportListener,
): boolean {
  if (!isRtcp(bytes, start, end)) return false;
  for (let at = start; at < end;) {
    const next = at + 4 * (readU16(bytes, at + 2) + 1);
    const type = bytes[at + 1]!;
    if (type === SENDER_REPORT || type === RECEIVER_REPORT) readReport(bytes, at, next, listener);
    at = next;
  }
  return true;
}

function readReport(bytes: Uint8Array, at: number, end: number, listener: ReportListener): void {
  const isSender = bytes[at + 1] === SENDER_REPORT;
  let block = at + HEADER_LENGTH + (isSender ? SENDER_INFO_LENGTH : 0);
  if (block > end) return;
  if (isSender) listener.sent(readU32(bytes, at + 4), readU32(bytes, at + HEADER_LENGTH + 2));
  for (let left = bytes[at]! & 31; left > 0 && block + BLOCK_LENGTH <= end; left--, block += BLOCK_LENGTH) {
    const loss = readU32(bytes, block + 4);
    listener.received({
      ssrc: readU32(bytes, block),
      fractionLost: loss >>> 24,
      lost: (loss << 8) >> 8,
      jitter: readU32(bytes, block + 12),
      lastReport: readU32(bytes, block + 16),
      delay: readU32(bytes, block + 20),
    });
  }
}
