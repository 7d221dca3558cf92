/**
 * What the two formats have in common: the contract of a parser, and how an early end is worded.
 */
import type { CaptureError } from './errors.ts';
import type { InputWindow } from './source.ts';

export type CaptureFormat = 'pcap' | 'pcap-nanosecond' | 'pcapng';

export interface CaptureParser {
  readonly format: CaptureFormat;
  /** Fills the record; false at the end of the input, early or not. Throws CaptureError where the input is broken. */
  next(): boolean;
  /** Set when the input ended within something. */
  readonly truncated: CaptureError | null;
  /** The first thing that is odd but was read. */
  readonly warning: CaptureError | null;
}

/** `need` bytes of `what` were asked for and the input ended before. */
export function describeCut(window: InputWindow, what: string, need: number): string {
  const reason = window.source.cut ?? 'the capture is cut short';
  if (window.available === 0) return reason;
  return `${reason}: it ends ${window.available} bytes into ${what}, which has ${need}`;
}
