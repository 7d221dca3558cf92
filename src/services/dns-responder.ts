/**
 * A name server that knows its own names and asks nobody: queries in, answers out. What it does not know does not exist.
 * (A guest network's server, which asks on, is src/vmm/services/dns-server.ts.)
 */
import { parseIp4, parseIp6 } from '../wire/address.ts';
import { writeU32 } from '../wire/bytes.ts';
import * as dns from '../wire/dns.ts';
import type { DnsNames } from './dns-names.ts';

const TTL_SECONDS = 60;

/** What a responder asks of names. */
export type KnownNames = Pick<DnsNames, 'addressesOf' | 'nameOf'>;

/** The answer to a message; undefined for what is no query. */
export function answerQuery(names: KnownNames, message: Uint8Array): Uint8Array | undefined {
  const query = dns.parseQuery(message);
  if (query === undefined) return undefined;
  const answers = query.type === dns.Type.PTR ? pointers(names, query.name) : addresses(names, query);
  const isKnown = answers.length > 0 || names.addressesOf(query.name).length > 0;
  return dns.response(query, isKnown ? dns.ResponseCode.OK : dns.ResponseCode.NO_SUCH_NAME, answers);
}

function pointers(names: KnownNames, name: string): dns.DnsRecord[] {
  const known = names.nameOf(dns.addressOfPointer(name) ?? '');
  return known === undefined ? [] : [{ type: dns.Type.PTR, ttl: TTL_SECONDS, data: known }];
}

function addresses(names: KnownNames, { name, type }: dns.DnsQuestion): dns.DnsRecord[] {
  const known = names.addressesOf(name);
  const bytes = type === dns.Type.A ? known.map(bytesOf4) : type === dns.Type.AAAA ? known.map(bytesOf6) : [];
  return bytes.flatMap((data) => (data === undefined ? [] : [{ type, ttl: TTL_SECONDS, data }]));
}

function bytesOf4(text: string): Uint8Array | undefined {
  const word = parseIp4(text);
  if (word === undefined) return undefined;
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, word);
  return bytes;
}

function bytesOf6(text: string): Uint8Array | undefined {
  const words = new Int32Array(4);
  if (!parseIp6(text, words)) return undefined;
  const bytes = new Uint8Array(16);
  words.forEach((word, i) => writeU32(bytes, 4 * i, word));
  return bytes;
}
