/**
 * A SIP message taken apart as strictly as the strict helper wants it (RFC 3261 7, 25): a first line, headers, a blank
 * line, a body as long as Content-Length says. What is not well formed is refused with the reason, never guessed at.
 */

/** Bytes of first line and headers, and of the whole message. */
export const MAX_HEAD = 16_384;
export const MAX_MESSAGE = 65_535;
const MAX_HEADERS = 256;
const MAX_CALL_ID = 256;

const COMPACT: Readonly<Record<string, string>> = {
  b: 'referred-by',
  c: 'content-type',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
};

export interface SipHead {
  /** Of a request its own, of a response that of the request it answers. */
  readonly method: string;
  /** 0 for a request. */
  readonly code: number;
  /** The first line. */
  readonly line: string;
  readonly callId: string;
  readonly cseq: number;
  /** `user@host`, or what else identifies an end. */
  readonly from: string;
  readonly to: string;
  readonly isSdp: boolean;
  /** First line, headers and the blank line. */
  readonly length: number;
  /** Of the body; -1 where nobody says. */
  readonly bodyLength: number;
}

/** Brackets belong around an IPv6 address, as a whole. */
const REQUEST =
  /^([A-Z]{3,20}) (?:sips?|tel):(?:[\x21-\x5a\x5c\x5e-\x7e]|\[[\da-fA-F:.]{2,45}\]){1,1024} SIP\/2\.0$/;
const RESPONSE = /^SIP\/2\.0 ([1-6]\d\d) [^\x00-\x08\x0a-\x1f\x7f]*$/;
const BLANK_LINE = '\r\n\r\n';

/** The head of the message that `text` begins with; the reason where it is none; null where its end has not come. */
export function readHead(text: string): SipHead | string | null {
  const end = text.indexOf(BLANK_LINE);
  if (end < 0) return text.length > MAX_HEAD ? 'headers without an end' : null;
  if (end > MAX_HEAD) return 'headers too long';
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const request = REQUEST.exec(line);
  const response = request === null ? RESPONSE.exec(line) : null;
  if (request === null && response === null) return 'no SIP message';
  const headers = readHeaders(lines);
  if (typeof headers === 'string') return headers;
  return assemble(line, request?.[1] ?? null, Number(response?.[1] ?? 0), headers, end + BLANK_LINE.length);
}

type Headers = ReadonlyMap<string, readonly string[]>;

function readHeaders(lines: readonly string[]): Headers | string {
  if (lines.length > MAX_HEADERS) return 'too many headers';
  const headers = new Map<string, string[]>();
  let last: string[] | null = null;
  for (const line of lines) {
    if (/^[ \t]/.test(line)) {
      if (last === null) return 'a continuation of nothing';
      last.push(`${last.pop()!} ${line.trim()}`);
      continue;
    }
    const found = /^([A-Za-z0-9\-.!%*_+`'~]{1,64})[ \t]*:[ \t]*([^\x00\r\n]*)$/.exec(line);
    if (found === null) return 'a malformed header';
    const name = found[1]!.toLowerCase();
    const full = COMPACT[name] ?? name;
    last = headers.get(full) ?? [];
    last.push(found[2]!.trimEnd());
    headers.set(full, last);
  }
  return headers;
}

function assemble(
  line: string,
  requestMethod: string | null,
  code: number,
  headers: Headers,
  length: number,
): SipHead | string {
  for (const name of ['call-id', 'cseq', 'from', 'to', 'content-length']) {
    const count = headers.get(name)?.length ?? 0;
    if (count > 1) return `${name} twice`;
    if (count === 0 && name !== 'content-length') return `no ${name}`;
  }
  if (!headers.has('via')) return 'no via';
  const callId = headers.get('call-id')![0]!;
  if (callId === '' || callId.length > MAX_CALL_ID) return 'a call-id of no use';
  const cseq = /^(\d{1,10})[ \t]+([A-Z]{3,20})$/.exec(headers.get('cseq')![0]!);
  if (cseq === null || Number(cseq[1]) > 0xffffffff) return 'a malformed cseq';
  if (requestMethod !== null && requestMethod !== cseq[2]) return 'a cseq of another method';
  const stated = headers.get('content-length')?.[0];
  if (stated !== undefined && !/^\d{1,5}$/.test(stated)) return 'a malformed content-length';
  if (Number(stated ?? 0) + length > MAX_MESSAGE) return 'too long';
  return {
    method: cseq[2]!,
    code,
    line,
    callId,
    cseq: Number(cseq[1]),
    from: party(headers.get('from')![0]!),
    to: party(headers.get('to')![0]!),
    isSdp: /^application\/sdp(?:[ \t]*;|$)/i.test(headers.get('content-type')?.[0] ?? ''),
    length,
    bodyLength: stated === undefined ? -1 : Number(stated),
  };
}

function party(value: string): string {
  return /(?:sips?|tel):([^>;\s]+)/i.exec(value)?.[1] ?? value.slice(0, 64);
}
