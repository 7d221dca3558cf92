/**
 * The name server of a guest network: its own names it answers itself (dns-names.ts), all else goes to this machine's
 * resolvers, and their answers come back as they are. A query that nobody answers in time is answered with "server failure".
 */
import * as packet from 'dns-packet';
import { ask, ownResolvers, type Resolver } from './dns-resolvers.ts';
import type { Outside } from '../world/outside.ts';
import type { DnsNames } from '../../services/dns-names.ts';
import { Quotas } from '../world/quotas.ts';
import type { NameServer, NameWatch, Respond } from './name-server.ts';

/** Queries that wait for a resolver at once; more are dropped, and asked again. */
const MAX_FORWARDED = 256;
/** Of one guest. */
const MAX_FORWARDED_PER_CLIENT = 64;
const TTL_SECONDS = 10;
const MAX_QUERY_BYTES = 4096;
const MAX_ANSWER_BYTES = 65535;

const UNWATCHED: NameWatch = { asked: () => true, answered: () => true };

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

  query(bytes: Uint8Array, client: string, respond: Respond, byStream = false): void {
    const query = decoded(bytes, MAX_QUERY_BYTES);
    const question = query?.questions?.[0];
    if (query === undefined || question === undefined || query.type !== 'query') return;
    if (this.isOurs(question)) {
      respond(this.own(query, question));
      return;
    }
    const isAllowed = this.watch.asked(client, question.name);
    if (!isAllowed) return respond(respondTo(query, 0, REFUSED, []));
    this.forward(bytes, client, byStream, (answer) => respond(this.checked(query, question, answer)));
  }

  /** What a resolver said, unless it leads where it may not. */
  private checked(
    query: packet.Packet,
    { name }: packet.Question,
    answer: Uint8Array | undefined,
  ): Uint8Array {
    const message = answer && decoded(answer, MAX_ANSWER_BYTES);
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
  private forward(
    query: Uint8Array,
    client: string,
    byStream: boolean,
    done: (answer: Uint8Array | undefined) => void,
  ): void {
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
      ask(resolver, query, byStream, (answer) => (answer === undefined ? next() : answered(answer)));
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

function decoded(bytes: Uint8Array, mostBytes: number): packet.Packet | undefined {
  if (bytes.length > mostBytes) return undefined;
  try {
    return packet.decode(Buffer.from(bytes));
  } catch {
    return undefined;
  }
}

/** `192.168.122.5` of `5.122.168.192.in-addr.arpa`. */
function addressOfPointer(name: string): string | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/i.exec(name);
  return match === null ? undefined : `${match[4]}.${match[3]}.${match[2]}.${match[1]}`;
}
