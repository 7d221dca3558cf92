/**
 * What can be wrong with a capture. Every problem has a stable code, the file's name and a byte offset into the
 * (uncompressed) file; nothing else leaves this room, whatever the bytes are.
 */
import { SluiceError } from '../base/errors.ts';

export type CaptureErrorCode =
  /** The file cannot be opened or read at all (missing, a directory, no permission). */
  | 'CAPTURE_OPEN'
  /** Neither pcap nor pcapng, or a version of them that is not read here. */
  | 'CAPTURE_FORMAT'
  /** A link type that Sluice does not read. */
  | 'CAPTURE_LINK_TYPE'
  /** A record that claims more bytes than MAX_RECORD_BYTES, or more than its block holds. */
  | 'CAPTURE_LENGTH'
  /** A pcapng block whose structure is broken: length, trailer, order of blocks. */
  | 'CAPTURE_BLOCK'
  /** A pcapng option that runs past its block or has a length that it cannot have. */
  | 'CAPTURE_OPTION'
  /** A packet of an interface that no block describes. */
  | 'CAPTURE_INTERFACE'
  /** A time stamp that is no time. */
  | 'CAPTURE_TIME'
  /** Damaged gzip data. */
  | 'CAPTURE_GZIP'
  /** The input ends early. Never thrown by a reader: it is what `truncated` holds. */
  | 'CAPTURE_CUT'
  /** Writing failed. */
  | 'CAPTURE_WRITE';

export class CaptureError extends SluiceError {
  declare readonly code: CaptureErrorCode;

  constructor(code: CaptureErrorCode, message: string, file: string, offset?: number) {
    super(code, message, { file, offset });
    this.name = 'CaptureError';
  }
}
