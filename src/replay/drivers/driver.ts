/**
 * A driver takes captured records to the gateway: it decides where a frame arrives (or that the host sent it), and
 * what has to be done to it before. One driver a replay:
 *
 *   exact.ts      captures on named interfaces, every byte as given
 *   two-sided.ts  one capture of both directions, taken anywhere
 *   on-host.ts    a capture taken on the machine that has the rules
 */
import type { CaptureRecord } from '../../capture/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** What became of a record when it was prepared. */
export const Prepared = {
  /** `pkt` holds the frame; `run` takes it on its way. */
  READY: 0,
  /** Nothing iptables sees (ARP, LLC …), or no header that could be read: reported, not run. */
  NOT_IP: 1,
  /** An answer of the host's own to an earlier frame, which it has given already: reported, not run. */
  SENT_BEFORE: 2,
} as const;
export type Prepared = (typeof Prepared)[keyof typeof Prepared];

export interface Driver {
  /**
   * Makes the record a frame in `pkt`. `input` is the place of its capture in the list given. The frame may lie in the
   * record's own bytes, rewritten, or in memory of the driver's.
   */
  prepare(record: CaptureRecord, input: number, pkt: PacketBuffer): Prepared;
  /** The interface that the prepared frame arrives on; the empty string when the host itself sends it. */
  readonly ifaceName: string;
  /** Takes the prepared frame to the gateway; `pkt.cause` is set. */
  run(pkt: PacketBuffer): void;
  /** What was done to the frame, in words. Asked only when somebody listens. */
  notes(): string[];
}
