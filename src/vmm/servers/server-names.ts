/** Names where nobody else can be asked: the network's own, and those of the servers behind it. */
import { answerQuery, type KnownNames } from '../../services/dns-responder.ts';
import type { DnsNames } from '../../services/dns-names.ts';
import * as dns from '../../wire/dns.ts';
import type { NameServer, NameWatch, Respond } from '../services/name-server.ts';

const TTL_SECONDS = 60;

export class ServerNames implements NameServer {
  private readonly own: DnsNames;
  private readonly servers: KnownNames;
  private readonly watch: NameWatch;

  /**
   * @param own - of the network
   * @param servers - addresses by name, in lower case
   * @param others - where all other names lead, if anywhere
   */
  constructor(
    own: DnsNames,
    servers: ReadonlyMap<string, readonly string[]>,
    others: readonly string[],
    watch: NameWatch,
  ) {
    this.own = own;
    this.watch = watch;
    this.servers = {
      addressesOf: (name) => servers.get(name) ?? (name.includes('.') ? others : []),
      nameOf: (address) => [...servers].find(([, addresses]) => addresses.includes(address))?.[0],
    };
  }

  query(bytes: Uint8Array, client: string, respond: Respond): void {
    const question = dns.parseQuery(bytes);
    if (question === undefined) return;
    const { name, type } = question;
    const pointer = type === dns.Type.PTR ? dns.addressOfPointer(name) : undefined;
    const isOwn = pointer === undefined ? this.own.owns(name) : this.own.nameOf(pointer) !== undefined;
    if (isOwn) return respond(answerQuery(this.own, bytes)!);
    const isAllowed = this.watch.asked(client, name) && this.watch.answered(name, this.answersFor(name));
    if (!isAllowed) return respond(dns.response(question, dns.ResponseCode.REFUSED, []));
    respond(answerQuery(this.servers, bytes)!);
  }

  private answersFor(name: string) {
    return this.servers.addressesOf(name).map((data) => {
      const type: 'A' | 'AAAA' = data.includes(':') ? 'AAAA' : 'A';
      return { name, type, ttl: TTL_SECONDS, data };
    });
  }
}
