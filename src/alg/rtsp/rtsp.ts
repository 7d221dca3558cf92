/**
 * RTSP (RFC 2326): a client has a server send media, to ports that it names in SETUP. Messages are read out of the stream,
 * whole; media may travel within the connection as well (10.12), `$` and a length before each piece, and open nothing.
 */
import type { Family } from '../../netfilter/hook.ts';
import { sourceOf } from '../address.ts';
import { printable } from '../byte-text.ts';
import { EditedText } from '../edited-text.ts';
import type { Flow } from '../flow-table.ts';
import { FramedConnection, NO_FRAME, UNKNOWN_YET, type FrameProtocol } from '../framed-connection.ts';
import { MediaMonitor } from '../media/media-monitor.ts';
import { MediaPorts } from '../media/media-ports.ts';
import type { AlgServices } from '../services.ts';
import { StreamHelper } from '../stream-helper.ts';
import { RTSP } from './facts.ts';
import { readHead } from './grammar.ts';
import { RtspSessions } from './sessions.ts';

const INTERLEAVED = '$';
const INTERLEAVED_HEADER = 4;

export class Rtsp extends StreamHelper {
  private readonly media: MediaPorts;

  constructor(family: Family, services: AlgServices) {
    super(RTSP, family, services);
    this.media = new MediaPorts(services, this.expecting, this, new MediaMonitor(family, services));
  }

  protected connect(entry: number, flow: Flow): FramedConnection {
    const { services, expecting, media } = this;
    const isTranslated = (): boolean => expecting.isTranslated(entry);
    const sessions = new RtspSessions({
      entry,
      flow,
      flows: services.flows,
      table: services.flows.calls,
      media,
      addressOf: (side) => sourceOf(expecting.tuple(entry, side)),
      isTranslated,
      now: () => services.clock.now,
    });
    return new FramedConnection(
      services,
      this.name,
      entry,
      new RtspFrames(services, flow, sessions, isTranslated),
    );
  }
}

class RtspFrames implements FrameProtocol {
  readonly mayEdit: () => boolean;
  private readonly services: AlgServices;
  private readonly flow: Flow;
  private readonly sessions: RtspSessions;

  constructor(services: AlgServices, flow: Flow, sessions: RtspSessions, isTranslated: () => boolean) {
    this.services = services;
    this.flow = flow;
    this.sessions = sessions;
    this.mayEdit = isTranslated;
  }

  lengthOf(text: string): number {
    if (text.startsWith(INTERLEAVED)) {
      if (text.length < INTERLEAVED_HEADER) return UNKNOWN_YET;
      return INTERLEAVED_HEADER + text.charCodeAt(2) * 256 + text.charCodeAt(3);
    }
    if (!mayBegin(text)) return NO_FRAME;
    const head = readHead(text);
    if (head === null) return UNKNOWN_YET;
    return typeof head === 'string' ? NO_FRAME : head.length + head.bodyLength;
  }

  /** Media within the connection go on as they come. */
  mayChange(text: string): boolean {
    return !text.startsWith(INTERLEAVED);
  }

  read(text: string, side: number): string {
    if (text.startsWith(INTERLEAVED)) return text;
    const head = readHead(text);
    if (head === null || typeof head === 'string') return text;
    const { flows } = this.services;
    if (flows.wanted)
      flows.note(this.flow, 'message', side === 0 ? 'client' : 'server', printable(head.line));
    const edited = new EditedText(text);
    this.sessions.take(head, side, edited);
    return edited.isChanged ? edited.text : text;
  }

  ended(why: string): void {
    this.services.flows.note(this.flow, 'note', 'gateway', why);
  }
}

/** A first line that has only begun, or is one. */
function mayBegin(text: string): boolean {
  return /^(?:[A-Z_]{1,16}$|[A-Z_]{3,16} \S{0,2048}(?:$| |\r)|RTSP\/[12]\.0|R(?:T(?:S(?:P(?:\/(?:[12](?:\.0?)?)?)?)?)?)?$)/.test(
    text.split('\n', 1)[0]!,
  );
}
