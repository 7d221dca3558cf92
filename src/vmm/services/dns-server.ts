/**
 * The name server of a guest network: its own names it answers itself (dns-names.ts), all else goes to this machine's
 * resolvers, and their answers come back as they are. A query that nobody answers in time is answered with "server failure".
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { getServers } from 'node:dns';
import * as packet from 'dns-packet';
import type { Outside } from '../world/outside.ts';
import type { DnsNames } from '../../services/dns-names.ts';
import { Quotas } from '../world/quotas.ts';
import type { NameServer, NameWatch, Respond } from './name-server.ts';

/** Queries that wait for a resolver at once; more are dropped, and asked again. */
const MAX_FORWARDED = 256;
/** Of one guest. */
const MAX_FORWARDED_PER_CLIENT = 64;
const TIMEOUT_MS = 4000;
const TTL_SECONDS = 10;
const PORT = 53;
const MAX_QUERY_BYTES = 4096;

const UNWATCHED: NameWatch = { asked: () => true, answered: () => true };

export interface Resolver {
  readonly address: string;
  readonly port: number;
}

export class DnsServer implements NameServer {
  private readonly names: DnsNames;
  private readonly outside: Outside;
  private readonly watch: NameWatch;
  private readonly resolvers: () => readonly Resolver[];
  private forwarded = 0;
  private readonly quotas = new Quotas(MAX_FORWARDED_PER_CLIENT);

  constructor(
    names: DnsNames,
    outside: Outside,
    watch: NameWatch = UNWATCHED,
    resolvers: () => readonly Resolver[] = ownResolvers,
  ) {
    this.watch = watch;
    this.names = names;
    this.outside = outside;
    this.resolvers = resolvers;
  }

  query(bytes: Uint8Array, client: string, respond: Respond): void {
    const query = decoded(bytes);
    const question = query?.questions?.[0];
    if (query === undefined || question === undefined || query.type !== 'query') return;
    if (this.isOurs(question)) {
      respond(this.own(query, question));
      return;
    }
    const isAllowed = this.watch.asked(client, question.name);
    if (!isAllowed) return respond(respondTo(query, 0, REFUSED, []));
    this.forward(bytes, client, (answer) => respond(this.checked(query, question, answer)));
  }

  /** What a resolver said, unless it leads where it may not. */
  private checked(
    query: packet.Packet,
    { name }: packet.Question,
    answer: Uint8Array | undefined,
  ): Uint8Array {
    const message = answer && decoded(answer);
    if (answer === undefined || message === undefined) return failure(query);
    if (!this.watch.answered(name, message.answers ?? [])) return respondTo(query, 0, REFUSED, []);
    return answer;
  }

  private isOurs({ name, type }: packet.Question): boolean {
    const address = type === 'PTR' ? addressOfPointer(name) : undefined;
    return address !== undefined ? this.names.nameOf(address) !== undefined : this.names.owns(name);
  }

  private own(query: packet.Packet, question: packet.Question): Uint8Array {
    const { name, type } = question;
    const answers: packet.Answer[] = [];
    const add = (type: 'A' | 'AAAA' | 'PTR', data: string) =>
      answers.push({ name, type, ttl: TTL_SECONDS, data });
    const addresses = this.names.addressesOf(name);
    if (type === 'PTR') add('PTR', this.names.nameOf(addressOfPointer(name) ?? '') ?? '');
    for (const address of addresses) {
      if (type === 'A' && !address.includes(':')) add('A', address);
      if (type === 'AAAA' && address.includes(':')) add('AAAA', address);
    }
    const isKnown = answers.length > 0 || addresses.length > 0;
    return respondTo(query, packet.AUTHORITATIVE_ANSWER, isKnown ? NO_ERROR : NX_DOMAIN, answers);
  }

  /** Asks this machine's resolvers, each in its turn. */
  private forward(query: Uint8Array, client: string, done: (answer: Uint8Array | undefined) => void): void {
    if (this.forwarded >= MAX_FORWARDED || !this.quotas.take(client)) return;
    this.forwarded++;
    const answered = (answer: Uint8Array | undefined) => {
      this.forwarded--;
      this.quotas.give(client);
      this.outside.enter(() => done(answer));
    };
    const resolvers = [...this.resolvers()];
    const next = (): void => {
      const resolver = resolvers.shift();
      if (resolver === undefined) return answered(undefined);
      ask(resolver, query, (answer) => (answer === undefined ? next() : answered(answer)));
    };
    next();
  }
}

const NO_ERROR = 0;
const SERVER_FAILURE = 2;
const NX_DOMAIN = 3;
const REFUSED = 5;

function respondTo(query: packet.Packet, flags: number, rcode: number, answers: packet.Answer[]): Uint8Array {
  const asked = (query.flags ?? 0) & packet.RECURSION_DESIRED;
  return packet.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: asked | packet.RECURSION_AVAILABLE | flags | rcode,
    questions: query.questions ?? [],
    answers,
  });
}

function failure(query: packet.Packet): Uint8Array {
  return respondTo(query, 0, SERVER_FAILURE, []);
}

function decoded(bytes: Uint8Array): packet.Packet | undefined {
  if (bytes.length > MAX_QUERY_BYTES) return undefined;
  try {
    return packet.decode(Buffer.from(bytes));
  } catch {
    return undefined;
  }
}

/** One query to one resolver, from a port and with a number of its own, so that nobody can guess them (RFC 5452). */
function ask(
  { address, port }: Resolver,
  query: Uint8Array,
  done: (answer: Uint8Array | undefined) => void,
): void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const id = randomInt(0x10000);
  const own = Buffer.from(query);
  own.writeUInt16BE(id, 0);
  let isOver = false;
  const end = (answer: Uint8Array | undefined) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket.close();
    done(answer);
  };
  const timer = setTimeout(() => end(undefined), TIMEOUT_MS);
  socket.on('error', () => end(undefined));
  socket.on('message', (message) => {
    if (message.length < 12 || message.readUInt16BE(0) !== id) return;
    message.set(query.subarray(0, 2), 0);
    end(message);
  });
  socket.connect(port, address, () => socket.send(own));
}

function ownResolvers(): Resolver[] {
  return getServers().map(parseResolver);
}

/** `192.0.2.1`, `192.0.2.1:5300`, `[2001:db8::1]:5300`. */
export function parseResolver(text: string): Resolver {
  const withPort = /^\[(.*)\]:(\d+)$|^([^:]+):(\d+)$/.exec(text);
  if (withPort === null) return { address: text, port: PORT };
  return { address: (withPort[1] ?? withPort[3])!, port: Number(withPort[2] ?? withPort[4]) };
}

/** `192.168.122.5` of `5.122.168.192.in-addr.arpa`. */
function addressOfPointer(name: string): string | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/i.exec(name);
  return match === null ? undefined : `${match[4]}.${match[3]}.${match[2]}.${match[1]}`;
}
