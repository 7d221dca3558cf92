/** A TCP connection whose protocol speaks in lines: a helper is told each, and may put other words into it. */
import { EditedConnection, type StreamProtocol } from './edited-connection.ts';
import { LineReader, type Line } from './line-reader.ts';
import type { AlgServices } from './services.ts';

/** No line that names a port is longer; what is, need not be held back. */
const LONGEST_HELD = 128;

export interface LineProtocol extends StreamProtocol {
  line(side: number, line: Line): void;
}

/** Puts other text in the place of a part of a line. */
export type EditLine = (
  side: number,
  line: Line,
  start: number,
  end: number,
  replacement: Uint8Array,
) => void;

export class LineConnection extends EditedConnection {
  protected readonly protocol: StreamProtocol;

  constructor(services: AlgServices, helper: string, entry: number, make: (edit: EditLine) => LineProtocol) {
    const told = (side: number): LineReader =>
      new LineReader({
        line: (line) => {
          protocol.line(side, line);
          if (this.isHolding(side)) this.pass(side, line.endSeq, withEnd(line, line.text));
        },
        passedOver: (beginning) => this.pass(side, beginning.endSeq, beginning.text),
      });
    super(services, helper, entry, [told(0), told(1)]);
    const protocol = make((side, line, start, end, replacement) => {
      const { text } = line;
      this.change(side, line.seq, line.endSeq, start, end - start, replacement, () =>
        withEnd(line, text.slice(0, start) + String.fromCharCode(...replacement) + text.slice(end)),
      );
    });
    this.protocol = {
      get isOver() {
        return protocol.isOver;
      },
      lost: () => protocol.lost(),
      mayEdit: (side) => protocol.mayEdit(side),
      mayChange: (side, partial) => partial.length <= LONGEST_HELD && protocol.mayChange(side, partial),
    };
  }
}

/** The line's end as it stood, behind another text. */
function withEnd(line: Line, text: string): string {
  const whole = (line.endSeq - line.seq) | 0;
  return text + '\r\n'.slice(2 - Math.min(2, whole - line.length));
}
