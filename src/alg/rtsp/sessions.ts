/**
 * The sessions of one RTSP connection (RFC 2326 A): SETUP names where the client wants a stream, its answer where the
 * server sends from; each end's ports open to the other end. Requests and answers are matched by CSeq; either side may ask,
 * but only the client sets up.
 */
import type { EditedText } from '../edited-text.ts';
import type { Flow, FlowTable } from '../flow-table.ts';
import { Call, type CallTable } from '../media/call-table.ts';
import type { MediaOwner, MediaPorts, Pinhole } from '../media/media-ports.ts';
import type { MediaStream } from '../media/sdp.ts';
import type { Address } from '../address.ts';
import { MAX_PENDING, MAX_SESSIONS, MAX_STREAMS, SessionState } from './facts.ts';
import { readTransport, type NamedPorts, type PortsOf, type RtspHead } from './grammar.ts';

const CLIENT = 0;
/** Descriptions (DESCRIBE) are not read. */
const UNKNOWN_CODECS = new Map<number, string>();

interface Stream {
  /** Of each side. */
  readonly pinholes: [(Pinhole | null)[], (Pinhole | null)[]];
}

class Session implements MediaOwner {
  readonly call: Call;
  name = '';
  state: SessionState = SessionState.INIT;
  readonly streams: Stream[] = [];

  constructor(call: Call) {
    this.call = call;
  }

  all(): (Pinhole | null)[] {
    return this.streams.flatMap(({ pinholes }) => [...pinholes[0], ...pinholes[1]]);
  }
}

interface Pending {
  readonly method: string;
  readonly session: Session | null;
  /** That SETUP asked for. */
  readonly stream: Stream | null;
}

export interface RtspParts {
  readonly entry: number;
  readonly flow: Flow;
  readonly flows: FlowTable;
  readonly table: CallTable;
  readonly media: MediaPorts;
  /** The address of a side, as it knows itself. */
  addressOf(side: number): Address;
  isTranslated(): boolean;
  now(): number;
}

/** The states that a granted request leads to. */
const GRANTED: Readonly<Record<string, SessionState>> = {
  SETUP: SessionState.READY,
  PLAY: SessionState.PLAYING,
  RECORD: SessionState.RECORDING,
  PAUSE: SessionState.READY,
  TEARDOWN: SessionState.ENDED,
};

export class RtspSessions {
  private readonly parts: RtspParts;
  private readonly sessions = new Set<Session>();
  /** By CSeq, for each side that asks. */
  private readonly pending: readonly [Map<string, Pending>, Map<string, Pending>] = [new Map(), new Map()];

  constructor(parts: RtspParts) {
    this.parts = parts;
  }

  /** A message; its head is rewritten. */
  take(head: RtspHead, side: number, text: EditedText): void {
    if (head.method !== '') this.request(head, side, text);
    else this.response(head, side, text);
  }

  private request(head: RtspHead, side: number, text: EditedText): void {
    const { method, cseq } = head;
    let session = this.named(head.session);
    let stream: Stream | null = null;
    if (method === 'SETUP' && side === CLIENT && head.transport !== null) {
      session ??= this.begin(head);
      stream = this.setup(session, head, text);
    }
    const own = this.pending[side]!;
    own.delete(cseq);
    own.set(cseq, { method, session, stream });
    if (own.size > MAX_PENDING) own.delete(own.keys().next().value!);
    this.parts.flow.command = method;
  }

  private named(name: string): Session | null {
    if (name === '') return null;
    for (const session of this.sessions) if (session.name === name) return session;
    return null;
  }

  private begin({ line }: RtspHead): Session | null {
    if (this.sessions.size >= MAX_SESSIONS) return null;
    const { table, flow, now } = this.parts;
    const session = new Session(
      new Call(line.split(' ')[1] ?? '', flow.client.address, flow.server.address, now()),
    );
    this.sessions.add(session);
    table.add(session.call);
    this.move(session, SessionState.INIT);
    return session;
  }

  private setup(session: Session | null, head: RtspHead, text: EditedText): Stream | null {
    if (session === null || session.streams.length >= MAX_STREAMS) return null;
    const stream: Stream = { pinholes: [[], []] };
    session.streams.push(stream);
    this.open(session, stream, head, CLIENT, text);
    return stream;
  }

  private response(head: RtspHead, side: number, text: EditedText): void {
    const asked = this.pending[side ^ 1]!.get(head.cseq);
    if (asked === undefined || head.code < 200) return;
    this.pending[side ^ 1]!.delete(head.cseq);
    const { session, stream, method } = asked;
    this.parts.flow.code = head.code;
    if (session === null) return;
    if (head.code >= 300) return this.refused(session, stream, method);
    if (stream !== null) {
      if (session.name === '') session.name = head.session;
      this.restore(stream, head, text);
      this.open(session, stream, head, side, text);
    }
    const next = GRANTED[method];
    if (next !== undefined) this.move(session, next);
    if (next === SessionState.ENDED) this.end(session);
  }

  private refused(session: Session, stream: Stream | null, method: string): void {
    if (method !== 'SETUP' || stream === null) return;
    this.parts.media.close(stream.pinholes[CLIENT]);
    session.streams.splice(session.streams.indexOf(stream), 1);
    if (session.streams.length > 0) return;
    session.call.move('REFUSED', this.parts.now());
    this.end(session);
  }

  private end(session: Session): void {
    this.parts.media.close(session.all());
    this.sessions.delete(session);
    session.call.move('BYE', this.parts.now());
  }

  private move(session: Session, state: SessionState): void {
    const { flows, flow, now } = this.parts;
    session.state = state;
    flows.state(flow, state);
    if (state === SessionState.READY) session.call.move('ANSWER', now());
    if (state === SessionState.PLAYING || state === SessionState.RECORDING) session.call.move('ACK', now());
  }

  // ── Media ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The ports that `side` names as its own; the text says where the other side sees them. */
  private open(session: Session, stream: Stream, head: RtspHead, side: number, text: EditedText): void {
    const { entry, media, flow } = this.parts;
    const whose: PortsOf = side === CLIENT ? 'client_port' : 'server_port';
    const named = readTransport(head.transport?.text ?? '').filter((one) => one.whose === whose);
    const streams = named.map((one) => this.streamOf(one, side));
    const opened = media.open({
      entry,
      side,
      streams,
      codecsOf: () => UNKNOWN_CODECS,
      known: [],
      owner: session,
    });
    stream.pinholes[side] = opened;
    if (side === CLIENT && named.length > 0) flow.port = named[0]!.port;
    if (!this.parts.isTranslated()) return;
    for (let i = named.length - 1; i >= 0; i--) {
      const pinhole = opened[i] ?? null;
      if (pinhole === null) continue;
      this.write(text, head, named[i]!, pinhole.seenPort, pinhole.seenRtcpPort);
    }
  }

  private streamOf({ port, rtcpPort }: NamedPorts, side: number): MediaStream {
    return {
      kind: 'audio',
      isRtp: rtcpPort !== 0,
      port,
      portText: { at: 0, length: 0 },
      address: this.parts.addressOf(side),
      rtcpPort,
      rtcpPortText: null,
      sharesRtcp: false,
      lines: { at: 0, length: 0 },
    };
  }

  /** The server repeats the client's ports as it was told them; the client is told its own. */
  private restore({ pinholes }: Stream, head: RtspHead, text: EditedText): void {
    if (!this.parts.isTranslated()) return;
    for (const one of readTransport(head.transport?.text ?? '').reverse()) {
      if (one.whose !== 'client_port') continue;
      const own = pinholes[CLIENT].find((pinhole) => pinhole?.seenPort === one.port);
      if (own != null) this.write(text, head, one, own.port, own.rtcpPort);
    }
  }

  private write(
    text: EditedText,
    head: RtspHead,
    { at, length, rtcpPort }: NamedPorts,
    port: number,
    rtcp: number,
  ): void {
    text.replace(head.transport!.at + at, length, rtcpPort === 0 ? String(port) : `${port}-${rtcp}`);
  }
}
