/**
 * The media of a session description (RFC 8866): for each stream its kind, address and port, where RTCP goes (RFC 3605,
 * 5761), and where in the text all that stands, so that it can be rewritten. Each line is looked at once; codecs, which are
 * for reports, when somebody asks.
 */
import { parseIp } from '../../wire/address.ts';
import { copyAddress, sameAddress, type Address } from '../address.ts';
import type { EditedText } from '../edited-text.ts';
import { FIRST_OPEN_PORT } from '../helper-facts.ts';
import { digitCount, isAt, isExactlyAt, numberAt, searchInLine, SPACE } from '../text-search.ts';

/** Streams of a description; what has more is refused. */
export const MAX_MEDIA = 16;
const MAX_PORT = 65535;
const SLASH = 0x2f;
/** Those that are looked for; others are words as well. */
const MEDIA_KINDS = ['audio', 'video', 'image', 'application', 'text'];

export interface TextRange {
  readonly at: number;
  readonly length: number;
}

export interface NamedAddress extends TextRange {
  readonly address: Address;
}

export interface MediaStream {
  /** `audio`, `video`, `image` … */
  readonly kind: string;
  readonly isRtp: boolean;
  /** 0: refused or ended. */
  readonly port: number;
  readonly portText: TextRange;
  readonly address: Address;
  /** Port of RTCP where the description names one; 0 where it does not. */
  readonly rtcpPort: number;
  readonly rtcpPortText: TextRange | null;
  readonly sharesRtcp: boolean;
  /** Its lines, `m=` first. */
  readonly lines: TextRange;
}

/** Payload type to `PCMU/8000`. */
export type Codecs = ReadonlyMap<number, string>;

/** Codecs that need no rtpmap (RFC 3551 6). */
export const STATIC_CODECS: Readonly<Record<number, string>> = {
  0: 'PCMU/8000',
  3: 'GSM/8000',
  4: 'G723/8000',
  8: 'PCMA/8000',
  9: 'G722/8000',
  13: 'CN/8000',
  18: 'G729/8000',
  26: 'JPEG/90000',
  31: 'H261/90000',
  34: 'H263/90000',
};

const NO_ADDRESS: Address = new Int32Array(4);

class MutableRange implements TextRange {
  at = 0;
  length = 0;

  set(at: number, length: number): void {
    this.at = at;
    this.length = length;
  }
}

/** What the lines of the session, or of one stream, say. */
class Section implements MediaStream {
  /** Of the `m=` line. */
  kind = '';
  isRtp = false;
  port = 0;
  readonly portText = new MutableRange();
  address = NO_ADDRESS;
  rtcpPort = 0;
  rtcpPortText: MutableRange | null = null;
  rtcpAddress: Address | null = null;
  sharesRtcp = false;
  readonly lines = new MutableRange();
  readonly ownRtcpPortText = new MutableRange();

  begin(at: number): this {
    this.kind = '';
    this.isRtp = false;
    this.port = 0;
    this.address = NO_ADDRESS;
    this.rtcpPort = 0;
    this.rtcpPortText = null;
    this.rtcpAddress = null;
    this.sharesRtcp = false;
    this.lines.set(at, 0);
    return this;
  }
}

class AddressInText extends MutableRange implements NamedAddress {
  readonly address: Address = new Int32Array(4);
}

/** One description after the other: what it says holds until the next is read. */
export class SessionDescription {
  readonly media: MediaStream[] = [];
  /** Every `c=` and `o=`, and the addresses of `a=rtcp`. */
  readonly addresses: NamedAddress[] = [];
  private readonly session = new Section();
  private readonly sections: Section[] = [];
  private readonly named: AddressInText[] = [];

  /** Null when it can be used, else why not. */
  read(text: EditedText, family: number): string | null {
    this.media.length = this.addresses.length = 0;
    if (!isExactlyAt(text, text.start, 'v=0')) return 'no session description';
    const reading: Reading = { text, family, description: this };
    let section = this.session.begin(text.start);
    const count = text.lineCount;
    for (let i = 0; i < count; i++) {
      const at = text.lineStart(i);
      const end = text.lineEnd(i);
      if (isExactlyAt(text, at, 'm=')) {
        section.lines.length = at - section.lines.at;
        section = this.addStream(at);
        if (!readMedia(text, at, end, section)) return 'a malformed stream';
        if (this.media.length > MAX_MEDIA) return 'too many streams';
      } else if (!readLine(reading, at, end, section)) {
        return 'an address of another family, or none';
      }
    }
    section.lines.length = text.end - section.lines.at;
    for (let i = 0; i < this.media.length; i++) {
      const trouble = complete(this.sections[i]!, this.session);
      if (trouble !== null) return trouble;
    }
    return null;
  }

  private addStream(at: number): Section {
    const section = (this.sections[this.media.length] ??= new Section()).begin(at);
    this.media.push(section);
    return section;
  }

  /** One that may be added. */
  nextAddress(): AddressInText {
    return (this.named[this.addresses.length] ??= new AddressInText());
  }
}

// ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** `m=audio 49170/2 RTP/AVP 0 8`; false for anything else. */
function readMedia(text: EditedText, start: number, end: number, section: Section): boolean {
  let at = start + 'm='.length;
  const kind = text.indexIn(SPACE, at, end);
  if (kind < 0) return false;
  section.kind = kindOf(text, at, kind);
  at = kind + 1;
  const length = digitCount(text, at, end);
  section.port = numberAt(text, at);
  section.portText.set(at, length);
  at += length;
  if (text.code(at) === SLASH) {
    const count = digitCount(text, at + 1, end);
    if (count < 1 || count > 3) return false;
    at += 1 + count;
  }
  section.isRtp = isAt(text, at + 1, 'rtp/') || isAt(text, at + 1, 'udp/tls/rtp/');
  const isWhole = section.kind !== '' && length >= 1 && length <= 6;
  return isWhole && text.code(at) === SPACE && hasWords(text, at, end);
}

/** In small letters; the empty string for what is no word. */
function kindOf(text: EditedText, at: number, end: number): string {
  for (const kind of MEDIA_KINDS) if (kind.length === end - at && isAt(text, at, kind)) return kind;
  const kind = text.slice(at, end).toLowerCase();
  return /^[a-z]+$/.test(kind) ? kind : '';
}

/** Words with one space in front of each, at least one. */
function hasWords({ bytes }: EditedText, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    if (code < SPACE || (code === SPACE && (at + 1 === end || bytes[at + 1] === SPACE))) return false;
  }
  return start + 1 < end;
}

/** What is read, and the addresses found so far. */
interface Reading {
  readonly text: EditedText;
  readonly family: number;
  readonly description: SessionDescription;
}

/** False for an address that can't be used. */
function readLine(reading: Reading, at: number, end: number, section: Section): boolean {
  const { text } = reading;
  const isConnection = isExactlyAt(text, at, 'c=');
  if (isConnection || isExactlyAt(text, at, 'o=')) {
    const named = nameAddress(reading, at, end);
    if (named === null) return !isConnection;
    if (isConnection) section.address = named;
  } else if (isExactlyAt(text, at, 'a=rtcp:')) {
    return readRtcp(reading, at + 'a=rtcp:'.length, end, section);
  } else if (isExactlyAt(text, at, 'a=rtcp-mux') && end - at === 'a=rtcp-mux'.length) {
    section.sharesRtcp = true;
  }
  return true;
}

function readRtcp(reading: Reading, at: number, end: number, section: Section): boolean {
  const { text } = reading;
  const length = digitCount(text, at, end);
  if (length < 1 || length > 5) return false;
  section.rtcpPort = numberAt(text, at);
  section.rtcpPortText = section.ownRtcpPortText;
  section.rtcpPortText.set(at, length);
  if (at + length === end) return true;
  if (!/^ IN IP[46] \S+$/.test(text.slice(at + length, end))) return false;
  section.rtcpAddress = nameAddress(reading, at + length, end);
  return true;
}

/** The address that ends a line, as `IN IP4 224.2.36.42/127`; null for none. */
function nameAddress({ text, family, description }: Reading, start: number, end: number): Address | null {
  const before = family === 4 ? 'IN IP4 ' : 'IN IP6 ';
  const found = searchInLine(text, start, before);
  if (found < 0) return null;
  const at = found + before.length;
  const slash = text.indexIn(SLASH, at, end);
  const length = (slash < 0 ? end : slash) - at;
  if (slash >= 0 && !/^(?:\/\d+)+$/.test(text.slice(slash, end))) return null;
  const last = description.addresses.at(-1);
  const named = description.nextAddress();
  if (last !== undefined && isSameText(text, at, length, last)) copyAddress(last.address, named.address);
  else if (parseIp(text.slice(at, at + length), named.address) !== family) return null;
  named.set(at, length);
  description.addresses.push(named);
  return named.address;
}

/** As the one before, which nearly always stands there as well. */
function isSameText({ bytes }: EditedText, at: number, length: number, last: TextRange): boolean {
  if (last.length !== length) return false;
  let same = 0;
  while (same < length && bytes[last.at + same] === bytes[at + same]) same++;
  return same === length;
}

// ── Streams ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What holds for the session holds for the stream; why it can't be used, or null. */
function complete(stream: Section, session: Section): string | null {
  const trouble = portTrouble(stream.port) ?? portTrouble(stream.rtcpPort);
  if (trouble !== null) return trouble;
  if (stream.address === NO_ADDRESS) stream.address = session.address;
  if (stream.address === NO_ADDRESS) return 'a stream without an address';
  if (stream.rtcpAddress !== null && !sameAddress(stream.rtcpAddress, stream.address)) {
    return 'RTCP for another host';
  }
  stream.sharesRtcp ||= session.sharesRtcp;
  return null;
}

function portTrouble(port: number): string | null {
  return port === 0 || (port >= FIRST_OPEN_PORT && port <= MAX_PORT) ? null : `port ${port} is not for media`;
}

/** Those that a stream names, and of the well-known ones those that it may use. Of a description that is as it was read. */
export function codecsOf(text: EditedText, { lines }: MediaStream): Codecs {
  const words = text.slice(lines.at, lines.at + lines.length);
  const codecs = new Map<number, string>();
  for (const [, type, codec] of words.matchAll(/^a=rtpmap:(\d{1,3}) (\S+)/gm))
    codecs.set(Number(type), codec!);
  for (const format of /^.*/.exec(words)![0].split(' ').slice(3)) {
    const known = STATIC_CODECS[Number(format)];
    if (!codecs.has(Number(format)) && known !== undefined) codecs.set(Number(format), known);
  }
  return codecs;
}
