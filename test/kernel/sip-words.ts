/** SIP messages for cases, written out; every field can be made wrong. */

export interface SipFields {
  /** The addresses as the one who speaks knows them, as they stand in URIs. */
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly cseq?: string;
  readonly callId?: string;
  readonly contact?: string;
  readonly via?: string;
  /** Lines besides the usual ones. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** In the place of the body's length; null for no header. */
  readonly length?: string | null;
}

export function sip(first: string, method: string, fields: SipFields, transport = 'UDP'): string {
  const { from, to, port = 5060, cseq = `1 ${method}`, callId = 'call@1', body = '' } = fields;
  const { contact = `<sip:alice@${from}:${port}>`, via = `${from}:${port};branch=z9hG4bK1`, length } = fields;
  return [
    first,
    `Via: SIP/2.0/${transport} ${via}`,
    `From: <sip:alice@${from}:${port}>;tag=1`,
    `To: <sip:bob@${to}>`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq}`,
    ...(contact === '' ? [] : [`Contact: ${contact}`]),
    ...(fields.headers ?? []),
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    ...(length === null ? [] : [`Content-Length: ${length ?? body.length}`]),
    '',
    body,
  ].join('\r\n');
}

export function invite(fields: SipFields, transport?: string): string {
  return sip(`INVITE sip:bob@${fields.to} SIP/2.0`, 'INVITE', fields, transport);
}

export function register(fields: SipFields, transport?: string): string {
  return sip(`REGISTER sip:${fields.to} SIP/2.0`, 'REGISTER', fields, transport);
}

/** A response to what `fields` say of the request, whose Via, Contact and so on are given. */
export function response(code: string, method: string, fields: SipFields, transport?: string): string {
  return sip(`SIP/2.0 ${code}`, method, fields, transport);
}

/** A session description; `media` are its lines from the first `m=` on. */
export function sdp(address: string, media: readonly string[], connection = true): string {
  const kind = address.includes(':') ? 'IP6' : 'IP4';
  return [
    'v=0',
    `o=alice 1 1 IN ${kind} ${address}`,
    's=-',
    ...(connection ? [`c=IN ${kind} ${address}`] : []),
    't=0 0',
    ...media,
    '',
  ].join('\r\n');
}
