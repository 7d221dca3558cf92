/** PPTP as Sluice treats it: whole messages out of the reassembled stream, each as long as its kind is; any number of calls. */
import { readU16, readU32 } from '../../wire/bytes.ts';
import { bytesOfText } from '../byte-text.ts';
import type { Flow } from '../flow-table.ts';
import { FramedConnection, NO_FRAME, UNKNOWN_YET, type FrameProtocol } from '../framed-connection.ts';
import type { AlgServices } from '../services.ts';
import { StreamHelper, type StreamConnection } from '../stream-helper.ts';
import { PPTP } from './facts.ts';
import { PptpCalls } from './calls.ts';
import { GreCalls } from './gre-calls.ts';
import { CONTROL_MESSAGE, HEADER_LENGTH, MAGIC_COOKIE, MESSAGES } from './messages.ts';

export class StrictPptp extends StreamHelper {
  constructor(services: AlgServices) {
    super(PPTP, 4, services);
  }

  protected connect(entry: number, flow: Flow): StreamConnection {
    const { services, expecting } = this;
    const calls = new PptpCalls(() => new GreCalls(services, expecting, this, entry, true));
    const frames = new PptpFrames(services, flow, calls, () => expecting.isTranslated(entry));
    const connection = new FramedConnection(services, this.name, entry, frames);
    return {
      segment: (pkt, direction, start) => connection.segment(pkt, direction, start),
      close: () => calls.close(),
    };
  }
}

class PptpFrames implements FrameProtocol {
  readonly mayEdit: () => boolean;
  private readonly services: AlgServices;
  private readonly flow: Flow;
  private readonly calls: PptpCalls;

  constructor(services: AlgServices, flow: Flow, calls: PptpCalls, isTranslated: () => boolean) {
    this.services = services;
    this.flow = flow;
    this.calls = calls;
    this.mayEdit = isTranslated;
  }

  lengthOf(text: string): number {
    if (text.length < HEADER_LENGTH) return UNKNOWN_YET;
    const head = bytesOfText(text.slice(0, HEADER_LENGTH));
    const type = readU16(head, 8);
    const length = readU16(head, 0);
    const isControl = readU16(head, 2) === CONTROL_MESSAGE && readU32(head, 4) === MAGIC_COOKIE;
    return isControl && MESSAGES[type]?.length === length - HEADER_LENGTH ? length : NO_FRAME;
  }

  mayChange(): boolean {
    return true;
  }

  read(text: string, side: number): string {
    const { flows } = this.services;
    const bytes = bytesOfText(text);
    const type = readU16(bytes, 8);
    const { name } = MESSAGES[type]!;
    this.flow.command = name;
    if (flows.wanted) flows.note(this.flow, 'message', side === 0 ? 'client' : 'server', name);
    const edit = this.calls.message(type, bytes, HEADER_LENGTH, side);
    flows.state(this.flow, this.calls.state);
    if (edit === null || !this.mayEdit()) return text;
    const at = HEADER_LENGTH + edit.at;
    const { callId } = edit;
    return text.slice(0, at) + String.fromCharCode(callId >>> 8, callId & 0xff) + text.slice(at + 2);
  }

  ended(why: string): void {
    this.services.flows.note(this.flow, 'note', 'gateway', why);
  }
}
