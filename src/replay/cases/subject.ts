/** A packet as filters and expectations look at it: its outcome, and the input frame taken apart. */
import { dissectEthernet } from '../../wire/dissect.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { PacketOutcome } from '../outcome.ts';

/** One for all packets of a case; `set` moves it on. */
export class Subject {
  outcome!: PacketOutcome;
  readonly pkt = new PacketBuffer();
  readonly src = new Int32Array(4);
  readonly dst = new Int32Array(4);

  set(outcome: PacketOutcome): void {
    const { pkt, src, dst } = this;
    this.outcome = outcome;
    pkt.reset(outcome.frame, 0, outcome.frame.length);
    dissectEthernet(pkt);
    src[0] = pkt.src0;
    src[1] = pkt.src1;
    src[2] = pkt.src2;
    src[3] = pkt.src3;
    dst[0] = pkt.dst0;
    dst[1] = pkt.dst1;
    dst[2] = pkt.dst2;
    dst[3] = pkt.dst3;
  }
}
