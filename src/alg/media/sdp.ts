/**
 * The media of a session description (RFC 8866): for each stream its kind, address and port, where RTCP goes (RFC 3605,
 * 5761), and where in the text all that stands, so that it can be rewritten. Codecs are for reports.
 */
import { parseIp } from '../../wire/address.ts';
import { sameAddress, type Address } from '../address.ts';
import { FIRST_OPEN_PORT } from '../helper-facts.ts';

/** Streams of a description; what has more is refused. */
export const MAX_MEDIA = 16;
const MAX_PORT = 65535;

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
  /** Payload type to `PCMU/8000`. */
  readonly codecs: ReadonlyMap<number, string>;
}

export interface SessionDescription {
  readonly media: readonly MediaStream[];
  /** Every `c=` and `o=`, and the addresses of `a=rtcp`. */
  readonly addresses: readonly NamedAddress[];
}

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

interface Section {
  readonly media: RegExpExecArray | null;
  readonly at: number;
  connection: NamedAddress | null;
  rtcp: { readonly port: number; readonly text: TextRange; readonly address: Address | null } | null;
  sharesRtcp: boolean;
  readonly codecs: Map<number, string>;
}

/** The description, or why it can't be used. */
export function readSdp(text: string, family: number): SessionDescription | string {
  if (!text.startsWith('v=0')) return 'no session description';
  const session = newSection(null, 0);
  const sections: Section[] = [];
  const addresses: NamedAddress[] = [];
  let section = session;
  for (const { line, at } of linesOf(text)) {
    if (line.startsWith('m=')) {
      const media = /^m=([a-z]+) (\d{1,6})(?:\/\d{1,3})? (\S+)((?: \S+)*)$/i.exec(line);
      if (media === null) return 'a malformed stream';
      if (sections.push((section = newSection(media, at))) > MAX_MEDIA) return 'too many streams';
    } else if (!readLine(line, at, section, addresses, family)) {
      return 'an address of another family, or none';
    }
  }
  const media: MediaStream[] = [];
  for (const each of sections) {
    const stream = assemble(each, session);
    if (typeof stream === 'string') return stream;
    media.push(stream);
  }
  return { media, addresses };
}

function newSection(media: RegExpExecArray | null, at: number): Section {
  return { media, at, connection: null, rtcp: null, sharesRtcp: false, codecs: new Map() };
}

/** False for an address that can't be used. */
function readLine(
  line: string,
  at: number,
  section: Section,
  addresses: NamedAddress[],
  family: number,
): boolean {
  if (line.startsWith('c=') || line.startsWith('o=')) {
    const named = readAddress(line, at, family);
    if (named === null) return line.startsWith('o=');
    addresses.push(named);
    if (line.startsWith('c=')) section.connection = named;
  } else if (line.startsWith('a=rtcp:')) {
    const found = /^a=rtcp:(\d{1,5})(?: IN IP[46] \S+)?$/.exec(line);
    if (found === null) return false;
    const named = readAddress(line, at, family);
    if (named !== null) addresses.push(named);
    section.rtcp = {
      port: Number(found[1]),
      text: { at: at + 'a=rtcp:'.length, length: found[1]!.length },
      address: named?.address ?? null,
    };
  } else if (line === 'a=rtcp-mux') {
    section.sharesRtcp = true;
  } else {
    const found = /^a=rtpmap:(\d{1,3}) (\S+)/.exec(line);
    if (found !== null) section.codecs.set(Number(found[1]), found[2]!);
  }
  return true;
}

function readAddress(line: string, at: number, family: number): NamedAddress | null {
  const found = new RegExp(` ?IN IP${family} ([0-9a-fA-F:.]+)(?:/\\d+)*$`).exec(line);
  const address = new Int32Array(4);
  if (found === null || parseIp(found[1]!, address) !== family) return null;
  const start = line.indexOf(found[1]!, found.index + ' IN IP4'.length);
  return { at: at + start, length: found[1]!.length, address };
}

function assemble(
  { media, at, connection, rtcp, sharesRtcp, codecs }: Section,
  session: Section,
): MediaStream | string {
  const [, kind, digits, protocol, formats] = media!;
  const port = Number(digits);
  if (port !== 0 && (port < FIRST_OPEN_PORT || port > MAX_PORT)) return `port ${port} is not for media`;
  if (rtcp !== null && rtcp.port !== 0 && (rtcp.port < FIRST_OPEN_PORT || rtcp.port > MAX_PORT)) {
    return `port ${rtcp.port} is not for media`;
  }
  const address = (connection ?? session.connection)?.address;
  if (address === undefined) return 'a stream without an address';
  if (rtcp !== null && rtcp.address !== null && !sameAddress(rtcp.address, address)) {
    return 'RTCP for another host';
  }
  for (const format of (formats ?? '').trim().split(' ')) {
    const type = Number(format);
    if (!codecs.has(type) && STATIC_CODECS[type] !== undefined) codecs.set(type, STATIC_CODECS[type]);
  }
  return {
    kind: kind!.toLowerCase(),
    isRtp: /^(?:UDP\/TLS\/)?RTP\//i.test(protocol!),
    port,
    portText: { at: at + `m=${kind!} `.length, length: digits!.length },
    address,
    rtcpPort: rtcp?.port ?? 0,
    rtcpPortText: rtcp?.text ?? null,
    sharesRtcp: sharesRtcp || session.sharesRtcp,
    codecs,
  };
}

function* linesOf(text: string): IterableIterator<{ line: string; at: number }> {
  for (let at = 0; at < text.length;) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    yield { line: text.slice(at, end).replace(/\r$/, ''), at };
    at = end + 1;
  }
}
