/**
 * `-o FILE`: a pcapng capture of what every interface received and sent, for Wireshark. A received frame carries the
 * verdict (frame.verdict.ebpf_tc) and, as a comment, the reason; what it caused follows with the same frame.packet_id.
 */
import {
  CaptureDirection,
  CaptureVerdict,
  PacketNote,
  PcapngWriter,
  type ByteSink,
} from '../../capture/index.ts';
import type { OutFrame, OutcomeVerdict, PacketOutcome, TimerOutcome } from '../outcome.ts';
import { escapeText } from './escape.ts';
import { sentSomethingElse, whyText } from './outcome-text.ts';
import type { Report } from './report.ts';

const VERDICTS: Readonly<Record<OutcomeVerdict, CaptureVerdict>> = {
  ACCEPT: CaptureVerdict.Accept,
  DROP: CaptureVerdict.Drop,
  STOLEN: CaptureVerdict.Stolen,
  QUEUE: CaptureVerdict.Queue,
};
/** What stands for packets that the host itself sends. */
const LOCAL = 'local';

export class PcapngReport implements Report {
  private readonly writer: PcapngWriter;
  private readonly interfaces = new Map<string, number>();
  private readonly note = new PacketNote();

  /** `application`: name and version of the program, as the capture's header says it. */
  constructor(sink: ByteSink, application: string) {
    this.writer = new PcapngWriter(sink, { application });
  }

  packet(outcome: PacketOutcome): void {
    const { note } = this;
    note.reset();
    note.packetId = outcome.n;
    note.verdict = VERDICTS[outcome.verdict];
    note.direction = outcome.in === '' ? CaptureDirection.Outbound : CaptureDirection.Inbound;
    note.comments.push(`${outcome.verdict}: ${whyText(outcome)}`);
    for (const text of [...outcome.notes, ...outcome.log]) note.comments.push(escapeText(text.trimEnd()));
    this.write(outcome.in === '' ? LOCAL : outcome.in, outcome.timeUs, outcome.frame);
    const about = sentSomethingElse(outcome)
      ? `caused by packet ${outcome.n}`
      : `packet ${outcome.n}, passed on`;
    this.sent(outcome.out, outcome.timeUs, outcome.n, about);
  }

  timer({ out, timeUs }: TimerOutcome): void {
    this.sent(out, timeUs, null, 'sent by a timer');
  }

  close(): void {
    this.writer.close();
  }

  private sent(out: readonly OutFrame[], timeUs: number, packetId: number | null, about: string): void {
    const { note } = this;
    for (const { iface, frame } of out) {
      note.reset();
      note.packetId = packetId;
      note.direction = CaptureDirection.Outbound;
      note.comments.push(about);
      this.write(iface, timeUs, frame);
    }
  }

  private write(iface: string, timeUs: number, frame: Uint8Array): void {
    let id = this.interfaces.get(iface);
    if (id === undefined) {
      id = this.writer.addInterface({ name: iface });
      this.interfaces.set(iface, id);
    }
    this.writer.write(id, timeUs, frame, 0, frame.length, frame.length, this.note);
  }
}
