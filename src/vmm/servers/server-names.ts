/** Names where there are no sockets: the network's own, those of the servers behind it, and what name servers by the way out know. */
import { answerQuery, type KnownNames } from '../../services/dns-responder.ts';
import type { DnsNames } from '../../services/dns-names.ts';
import type { Answer } from 'dns-packet';
import { formatIp4, formatIp6 } from '../../wire/address.ts';
import { readI32 } from '../../wire/bytes.ts';
import * as dns from '../../wire/dns.ts';
import type { GatewayResolver } from '../services/gateway-resolver.ts';
import type { NameServer, NameWatch, Respond } from '../services/name-server.ts';

const TTL_SECONDS = 60;

export class ServerNames implements NameServer {
  private readonly own: DnsNames;
  private readonly servers: KnownNames;
  private readonly watch: NameWatch;
  private readonly resolver: GatewayResolver | null;

  /**
   * @param own - of the network
   * @param servers - addresses by name, in lower case
   * @param others - where all other names lead, if anywhere
   * @param resolver - who is asked for all other names, if anybody
   */
  constructor(
    own: DnsNames,
    servers: ReadonlyMap<string, readonly string[]>,
    others: readonly string[],
    watch: NameWatch,
    resolver: GatewayResolver | null = null,
  ) {
    this.own = own;
    this.watch = watch;
    this.resolver = resolver;
    this.servers = {
      addressesOf: (name) => servers.get(name) ?? (name.includes('.') ? others : []),
      nameOf: (address) => [...servers].find(([, addresses]) => addresses.includes(address))?.[0],
    };
  }

  query(bytes: Uint8Array, client: string, respond: Respond, byStream = false): void {
    const question = dns.parseQuery(bytes);
    if (question === undefined) return;
    const { name, type } = question;
    const pointer = type === dns.Type.PTR ? dns.addressOfPointer(name) : undefined;
    const isOwn = pointer === undefined ? this.own.owns(name) : this.own.nameOf(pointer) !== undefined;
    if (isOwn) return respond(answerQuery(this.own, bytes)!);
    const refuse = () => respond(dns.response(question, dns.ResponseCode.REFUSED, []));
    if (!this.watch.asked(client, name)) return refuse();
    const isServer =
      this.servers.addressesOf(name).length > 0 || this.servers.nameOf(pointer ?? '') !== undefined;
    if (this.resolver === null || isServer) {
      if (!this.watch.answered(name, this.answersFor(name))) return refuse();
      return respond(answerQuery(this.servers, bytes)!);
    }
    this.resolver.ask(bytes, client, byStream, (answer) => {
      if (answer === undefined) return respond(dns.response(question, dns.ResponseCode.SERVER_FAILURE, []));
      if (!this.watch.answered(name, dns.parseResponse(answer)!.answers.flatMap(asAnswer))) return refuse();
      respond(answer);
    });
  }

  private answersFor(name: string) {
    return this.servers.addressesOf(name).map((data) => {
      const type: 'A' | 'AAAA' = data.includes(':') ? 'AAAA' : 'A';
      return { name, type, ttl: TTL_SECONDS, data };
    });
  }
}

/** Addresses and aliases in the words of those who watch. */
function asAnswer({ name, type, ttl, data }: dns.DnsAnswer): Answer[] {
  if (typeof data === 'string') return type === dns.Type.CNAME ? [{ name, type: 'CNAME', ttl, data }] : [];
  if (type === dns.Type.A && data.length === 4)
    return [{ name, type: 'A', ttl, data: formatIp4(readI32(data, 0)) }];
  if (type !== dns.Type.AAAA || data.length !== 16) return [];
  const words = [0, 4, 8, 12].map((at) => readI32(data, at));
  return [{ name, type: 'AAAA', ttl, data: formatIp6(words[0]!, words[1]!, words[2]!, words[3]!) }];
}
