/**
 * DHCPv6 for guests (RFC 8415 section 18.3): one address for each identity association, out of the network of the gateway;
 * name servers and domain for whoever only wants to know. Messages in, messages out; sockets are gateway-services.ts.
 */
import type { Clock } from '../../base/clock.ts';
import { formatIp } from '../../wire/address.ts';
import { readI32, writeU32 } from '../../wire/bytes.ts';
import * as dhcp6 from '../../wire/dhcp6.ts';
import { encodedName } from '../../wire/router-advertisement.ts';

const { MessageType, Option, Status } = dhcp6;

export interface Dhcp6Network {
  readonly clock: Clock;
  /** The network, 4 words; the last two are the guest's. */
  readonly prefix: Int32Array;
  readonly nameServer: Int32Array;
  readonly mac: Uint8Array;
  readonly leaseSeconds: number;
  readonly domain: string;
  /** The name server tells the time, too. */
  readonly tellsTime?: boolean;
  /** False: that is what somebody else is called. */
  readonly mayBeCalled?: (name: string, asker: string) => boolean;
}

export interface Lease6 {
  readonly address: Uint8Array;
  name: string;
  /** Microseconds since the epoch. */
  expires: number;
  /** The link-local address that asked. */
  readonly asker: string;
}

/** Interface identifiers that are handed out: `PREFIX::1:0` on, clear of those that people give by hand. */
const FIRST = 0x10000;
const MOST_LEASES = 4096;
/** Leases for one that asks: a guest that makes up identifiers must not use all addresses up. */
const PER_ASKER = 4;
const US_PER_SECOND = 1_000_000;
/** RFC 8415 11.4: DUID-LL of an Ethernet. */
const DUID_LL = [0, 3, 0, 1];
const MAX_DUID = 130;

export class Dhcp6Server {
  private readonly network: Dhcp6Network;
  private readonly leases = new Map<string, Lease6>();
  private readonly duid: Uint8Array;
  private handedOut = 0;

  constructor(network: Dhcp6Network) {
    this.network = network;
    this.duid = Uint8Array.from([...DUID_LL, ...network.mac]);
  }

  /** Those that somebody has: name, address, and the link-local address that asked. */
  *[Symbol.iterator](): IterableIterator<Record<'name' | 'address' | 'asker', string>> {
    for (const { name, address, asker, expires } of this.leases.values()) {
      if (expires > this.network.clock.now) yield { name, address: textOf(address), asker };
    }
  }

  /** The link-local address whose lease an address is. */
  askerOf(address: string): string | undefined {
    for (const lease of this.leases.values()) {
      if (lease.expires > this.network.clock.now && textOf(lease.address) === address) return lease.asker;
    }
    return undefined;
  }

  /** The answer to a message of `asker`, if there is one. */
  answer(bytes: Uint8Array, asker: string): Uint8Array | undefined {
    const message = dhcp6.parse(bytes);
    const client = message && dhcp6.optionOf(message.options, Option.CLIENT_ID);
    if (message === undefined || (client !== undefined && client.length > MAX_DUID)) return undefined;
    const server = dhcp6.optionOf(message.options, Option.SERVER_ID);
    if (server !== undefined && !isSame(server, this.duid)) return undefined;
    if (client === undefined && message.type !== MessageType.INFORMATION_REQUEST) return undefined;
    const options = this.optionsFor(message, client, server !== undefined, asker);
    if (options === undefined) return undefined;
    return dhcp6.emit({ ...options, transaction: message.transaction });
  }

  private optionsFor(
    message: dhcp6.Dhcp6Message,
    client: Uint8Array | undefined,
    isForUs: boolean,
    asker: string,
  ): Pick<dhcp6.Dhcp6Message, 'type' | 'options'> | undefined {
    const isRapid = dhcp6.optionOf(message.options, Option.RAPID_COMMIT) !== undefined;
    const reply = (options: readonly dhcp6.Dhcp6Option[]) => ({
      type: MessageType.REPLY,
      options: [...this.both(client), ...options],
    });
    switch (message.type) {
      case MessageType.SOLICIT: {
        const options = [...this.associations(message, client!, asker), ...this.common()];
        if (!isRapid) return { type: MessageType.ADVERTISE, options: [...this.both(client), ...options] };
        return reply([{ code: Option.RAPID_COMMIT, value: new Uint8Array(0) }, ...options]);
      }
      case MessageType.REQUEST:
      case MessageType.RENEW:
        if (!isForUs) return undefined;
        return reply([...this.associations(message, client!, asker), ...this.common()]);
      case MessageType.REBIND:
        return reply([...this.associations(message, client!, asker), ...this.common()]);
      case MessageType.CONFIRM:
        return reply([dhcp6.statusOption(this.areOnLink(message) ? Status.SUCCESS : Status.NOT_ON_LINK)]);
      case MessageType.RELEASE:
      case MessageType.DECLINE:
        if (!isForUs) return undefined;
        this.release(message, client!, asker);
        return reply([dhcp6.statusOption(Status.SUCCESS)]);
      case MessageType.INFORMATION_REQUEST:
        return reply(this.common());
      default:
        return undefined;
    }
  }

  private both(client: Uint8Array | undefined): dhcp6.Dhcp6Option[] {
    const own = { code: Option.SERVER_ID, value: this.duid };
    return client === undefined ? [own] : [{ code: Option.CLIENT_ID, value: client }, own];
  }

  private common(): dhcp6.Dhcp6Option[] {
    const { nameServer, domain, tellsTime } = this.network;
    const options: dhcp6.Dhcp6Option[] = [{ code: Option.DNS_SERVERS, value: bytesOf(nameServer) }];
    if (domain !== '') options.push({ code: Option.DOMAIN_LIST, value: encodedName(domain) });
    // RFC 5908: a suboption that is an address.
    if (tellsTime === true)
      options.push({ code: Option.NTP_SERVER, value: Uint8Array.of(0, 1, 0, 16, ...bytesOf(nameServer)) });
    return options;
  }

  private associations(message: dhcp6.Dhcp6Message, client: Uint8Array, asker: string): dhcp6.Dhcp6Option[] {
    return message.options
      .filter(({ code, value }) => code === Option.IA_NA && value.length >= 4)
      .map(({ value }) => {
        const lease = this.lease(keyOf(client, value, asker), asker, nameIn(message));
        if (lease === undefined) return dhcp6.associationWithout(value, Status.NO_ADDRESSES);
        return dhcp6.associationWith(value, lease.address, this.network.leaseSeconds);
      });
  }

  /** The same one gets the same address, as long as it is remembered. */
  private lease(key: string, asker: string, name: string): Lease6 | undefined {
    const { clock, leaseSeconds } = this.network;
    let lease = this.leases.get(key);
    if (lease === undefined) {
      const own = [...this.leases.values()].filter((one) => one.asker === asker && one.expires > clock.now);
      if (own.length >= PER_ASKER || (this.leases.size >= MOST_LEASES && !this.forgetOne())) return undefined;
      lease = { address: this.nextAddress(), name: '', expires: 0, asker };
      this.leases.set(key, lease);
    }
    if (name !== '' && this.network.mayBeCalled?.(name, asker) !== false) lease.name = name;
    lease.expires = clock.now + leaseSeconds * US_PER_SECOND;
    return lease;
  }

  private nextAddress(): Uint8Array {
    const address = bytesOf(this.network.prefix);
    writeU32(address, 12, FIRST + this.handedOut++);
    return address;
  }

  private forgetOne(): boolean {
    for (const [key, { expires }] of this.leases) {
      if (expires <= this.network.clock.now) return this.leases.delete(key);
    }
    return false;
  }

  private release(message: dhcp6.Dhcp6Message, client: Uint8Array, asker: string): void {
    for (const { code, value } of message.options) {
      if (code === Option.IA_NA && value.length >= 4) this.leases.delete(keyOf(client, value, asker));
    }
  }

  private areOnLink(message: dhcp6.Dhcp6Message): boolean {
    const { prefix } = this.network;
    return message.options
      .filter(({ code }) => code === Option.IA_NA)
      .flatMap(({ value }) => dhcp6.addressesIn(value) ?? [])
      .every((address) => readI32(address, 0) === prefix[0] && readI32(address, 4) === prefix[1]);
  }
}

/** The asker counts too: an identifier is no secret, and whoever shows another's must not get at its lease. */
function keyOf(client: Uint8Array, association: Uint8Array, asker: string): string {
  const bytes = Array.from([...client, ...association.subarray(0, 4)], (byte) => byte.toString(16));
  return `${asker} ${bytes.join(' ')}`;
}

/** RFC 4704: flags, then the name in labels; the first is what the guest is called. */
function nameIn({ options }: dhcp6.Dhcp6Message): string {
  const value = dhcp6.optionOf(options, Option.CLIENT_FQDN);
  const length = value?.[1] ?? 0;
  if (value === undefined || length === 0 || length > 63 || 2 + length > value.length) return '';
  const name = String.fromCharCode(...value.subarray(2, 2 + length)).toLowerCase();
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) ? name : '';
}

function bytesOf(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(16);
  words.forEach((word, i) => writeU32(bytes, 4 * i, word));
  return bytes;
}

function textOf(address: Uint8Array): string {
  return formatIp(6, readI32(address, 0), readI32(address, 4), readI32(address, 8), readI32(address, 12));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
