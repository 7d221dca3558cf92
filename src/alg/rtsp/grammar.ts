/**
 * The heads of RTSP's messages (RFC 2326 4 to 7), and the Transport header (12.39): which ports each end has named for
 * which stream, and where they stand. What is not well formed is refused with the reason.
 */
import { FIRST_OPEN_PORT } from '../helper-facts.ts';
import { MAX_BODY, MAX_HEAD } from './facts.ts';

const REQUEST = /^([A-Z_]{3,16}) (\S{1,2048}) RTSP\/[12]\.0$/;
const RESPONSE = /^RTSP\/[12]\.0 ([1-5]\d\d)(?: [^\x00]*)?$/;
const HEADER = /^([A-Za-z0-9\-.]{1,64})[ \t]*:[ \t]*([^\x00]*)$/;
const BLANK_LINE = '\r\n\r\n';
const MAX_PORT = 65535;

export interface RtspHead {
  /** Of a request; empty for a response. */
  readonly method: string;
  /** Of a response; 0 for a request. */
  readonly code: number;
  readonly line: string;
  readonly cseq: string;
  /** The session's name without its parameters; empty for none. */
  readonly session: string;
  /** Value of the header, and where it stands; null for none. */
  readonly transport: { readonly text: string; readonly at: number } | null;
  readonly length: number;
  readonly bodyLength: number;
}

/** The head of the message that `text` begins with; the reason where it is none; null where its end has not come. */
export function readHead(text: string): RtspHead | string | null {
  const end = text.indexOf(BLANK_LINE);
  if (end < 0) return text.length > MAX_HEAD ? 'headers without an end' : null;
  if (end > MAX_HEAD) return 'headers too long';
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const request = REQUEST.exec(line);
  const response = RESPONSE.exec(line);
  if (request === null && response === null) return 'no RTSP message';
  const headers = new Map<string, string>();
  let transport: RtspHead['transport'] = null;
  let at = line.length + 2;
  for (const one of lines) {
    const found = HEADER.exec(one);
    if (found === null) return 'a malformed header';
    const name = found[1]!.toLowerCase();
    if (headers.has(name) && (name === 'cseq' || name === 'content-length' || name === 'transport')) {
      return `${name} twice`;
    }
    headers.set(name, found[2]!.trim());
    if (name === 'transport') transport = { text: found[2]!, at: at + one.length - found[2]!.length };
    at += one.length + 2;
  }
  const cseq = headers.get('cseq') ?? '';
  const bodyLength = headers.get('content-length') ?? '0';
  if (!/^\d{1,10}$/.test(cseq)) return 'a malformed cseq';
  if (!/^\d{1,6}$/.test(bodyLength) || Number(bodyLength) > MAX_BODY) return 'a malformed content-length';
  return {
    method: request?.[1] ?? '',
    code: Number(response?.[1] ?? 0),
    line,
    cseq,
    session: /^[^;\s]*/.exec(headers.get('session') ?? '')![0],
    transport,
    length: end + BLANK_LINE.length,
    bodyLength: Number(bodyLength),
  };
}

export type PortsOf = 'client_port' | 'server_port';

/** What an end names for one stream: a port of RTP's, and RTCP's behind it (0 for none). */
export interface NamedPorts {
  readonly whose: PortsOf;
  readonly port: number;
  readonly rtcpPort: number;
  /** Of the digits, in the header's value. */
  readonly at: number;
  readonly length: number;
}

/**
 * The ports in a Transport header, in the order in which they stand. Empty for what travels within the connection or to
 * groups, and where another destination than the client is named.
 */
export function readTransport(text: string): NamedPorts[] {
  const ports: NamedPorts[] = [];
  let at = 0;
  for (const option of text.split(',')) {
    if (isUnicast(option)) {
      for (const found of option.matchAll(
        /;[ \t]*(client|server)_port=(\d{1,5})(?:-(\d{1,5}))?(?=;|[ \t]*$)/gi,
      )) {
        const [port, rtcpPort] = [Number(found[2]), Number(found[3] ?? 0)];
        if (!isOpen(port) || (found[3] !== undefined && !isOpen(rtcpPort))) continue;
        const digits = found[0].slice(found[0].indexOf('=') + 1);
        ports.push({
          whose: found[1]!.toLowerCase() === 'client' ? 'client_port' : 'server_port',
          port,
          rtcpPort,
          at: at + found.index + found[0].length - digits.length,
          length: digits.length,
        });
      }
    }
    at += option.length + 1;
  }
  return ports;
}

function isUnicast(option: string): boolean {
  const words = option.trim().toLowerCase();
  if (!/^(?:rtp|srtp)\/s?avpf?(?:\/udp)?;/.test(words)) return false;
  return !/;[ \t]*(?:multicast|destination=|interleaved=|dest_addr=)/.test(words);
}

function isOpen(port: number): boolean {
  return port >= FIRST_OPEN_PORT && port <= MAX_PORT;
}
