/**
 * What the parsers of both formats have in common: their contract, how an early end is told, and the errors about a
 * record that either may hold.
 */
import { CaptureError, type CaptureErrorCode } from './errors.ts';
import { MAX_RECORD_BYTES } from './pcapng-format.ts';
import type { CaptureRecord } from './record.ts';
import type { InputWindow } from './source.ts';

export type CaptureFormat = 'pcap' | 'pcap-nanosecond' | 'pcapng';

export abstract class CaptureParser {
  /** Set when the input ended within something. */
  truncated: CaptureError | null = null;
  /** The first thing that is odd but was read. */
  warning: CaptureError | null = null;
  protected readonly window: InputWindow;
  protected readonly record: CaptureRecord;

  constructor(window: InputWindow, record: CaptureRecord) {
    this.window = window;
    this.record = record;
  }

  abstract get format(): CaptureFormat;

  /** Fills the record; false at the end of the input, early or not. Throws CaptureError where the input is broken. */
  abstract next(): boolean;

  /** The input has not the `need` bytes that `what` has from the window's position on: a cut, or simply the end. */
  protected cut(what: string, need: number): false {
    const { window } = this;
    if (window.available > 0) this.cutWithin(what, window.available, need, window.offset);
    else if (window.source.cut !== null)
      this.truncated ??= this.error('CAPTURE_CUT', window.source.cut, window.offset);
    return false;
  }

  protected cutWithin(what: string, read: number, need: number, offset: number): void {
    const reason = this.window.source.cut ?? 'the capture is cut short';
    this.truncated ??= this.error(
      'CAPTURE_CUT',
      `${reason}: it ends ${read} bytes into ${what}, which has ${need}`,
      offset,
    );
  }

  protected error(code: CaptureErrorCode, message: string, offset: number): CaptureError {
    return new CaptureError(code, message, this.window.source.name, offset);
  }

  /** The record to come holds more than any may; it begins at the window's position. */
  protected tooLong(captured: number): CaptureError {
    return this.error(
      'CAPTURE_LENGTH',
      `record ${this.record.number + 1} claims ${captured} captured bytes, more than the limit of ${MAX_RECORD_BYTES}`,
      this.window.offset,
    );
  }

  /** Many writers declare a snap length and do not keep to it; Wireshark reads such files, and so do we, with a note. */
  protected warnSnapLength(captured: number, snapLength: number): void {
    this.warning ??= this.error(
      'CAPTURE_LENGTH',
      `record ${this.record.number} holds ${captured} bytes, more than the snap length ${snapLength}`,
      this.record.offset,
    );
  }
}
