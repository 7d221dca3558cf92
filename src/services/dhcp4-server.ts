/**
 * The DHCP server of a guest network (RFC 2131 section 4.3): messages in, messages out. What is in the answers comes from
 * the network: mask, router, names, MTU. Sockets are network.ts's affair.
 */
import { formatIp4, formatMac } from '../wire/address.ts';
import { readI32, readU16, writeU16, writeU32 } from '../wire/bytes.ts';
import * as dhcp from '../wire/dhcp.ts';
import type { Lease, Leases } from './dhcp4-leases.ts';

const { MessageType, Option } = dhcp;

export interface DhcpNetwork {
  /** The server's address; signed 32-bit integers. */
  readonly address: number;
  /** The guests' router; 0 for none. */
  readonly router: number;
  readonly mask: number;
  readonly mtu: number;
  readonly leaseSeconds: number;
  readonly nameServers: readonly number[];
  readonly domain: string;
  /** Who tells the time. */
  readonly timeServer?: number;
  /** The file that a client boots, by its architecture (RFC 4578; undefined unless it says so); '' for none. */
  readonly bootFile?: (architecture: number | undefined) => string;
  /** Options by number that are sent as they are, in place of those made here. */
  readonly extra: ReadonlyMap<number, Uint8Array>;
}

const NOTHING = 0;

export class Dhcp4Server {
  private readonly network: DhcpNetwork;
  private readonly leases: Leases;

  constructor(network: DhcpNetwork, leases: Leases) {
    this.network = network;
    this.leases = leases;
  }

  /** The answer to a message, if there is one. It goes to `ciaddr` where that is set, else to everybody. */
  answer(message: dhcp.DhcpMessage): dhcp.DhcpMessage | undefined {
    // What a relay sends is for networks that are not ours.
    if (message.op !== dhcp.BOOTREQUEST || message.giaddr !== 0) return undefined;
    switch (message.options.get(Option.MESSAGE_TYPE)?.[0]) {
      case MessageType.DISCOVER:
        return this.discover(message);
      case MessageType.REQUEST:
        return this.request(message);
      case MessageType.DECLINE:
        if (this.isForUs(message))
          this.leases.decline(clientOf(message), addressIn(message, Option.REQUESTED_ADDRESS));
        return undefined;
      case MessageType.RELEASE:
        this.leases.release(clientOf(message), message.ciaddr);
        return undefined;
      case MessageType.INFORM:
        return this.reply(message, MessageType.ACK, NOTHING, undefined);
      default:
        return undefined;
    }
  }

  private discover(message: dhcp.DhcpMessage): dhcp.DhcpMessage | undefined {
    const wished = addressIn(message, Option.REQUESTED_ADDRESS);
    const lease = this.leases.offer(clientOf(message), formatMac(message.chaddr, 0), wished);
    return lease && this.reply(message, MessageType.OFFER, lease.address, lease);
  }

  /** RFC 2131 4.3.2: the client selects an offer (54 and 50), verifies an address (50), or renews (ciaddr). */
  private request(message: dhcp.DhcpMessage): dhcp.DhcpMessage | undefined {
    const client = clientOf(message);
    if (!this.isForUs(message)) return undefined;
    const address = message.ciaddr !== 0 ? message.ciaddr : addressIn(message, Option.REQUESTED_ADDRESS);
    if (address === 0) return undefined;
    const lease = this.leases.bind(client, formatMac(message.chaddr, 0), address, nameIn(message));
    if (lease !== undefined) return this.reply(message, MessageType.ACK, lease.address, lease);
    return this.refuse(message);
  }

  /** Another server was chosen: nothing to say. */
  private isForUs(message: dhcp.DhcpMessage): boolean {
    const server = addressIn(message, Option.SERVER_IDENTIFIER);
    return server === 0 || server === this.network.address;
  }

  private refuse(message: dhcp.DhcpMessage): dhcp.DhcpMessage {
    const options = new Map([
      [Option.MESSAGE_TYPE, Uint8Array.of(MessageType.NAK)],
      [Option.SERVER_IDENTIFIER, word(this.network.address)],
    ]);
    // The client may be on another network than it believes: its address is of no use (RFC 2131 4.3.2).
    return { ...message, op: dhcp.BOOTREPLY, ciaddr: 0, yiaddr: 0, siaddr: 0, file: '', options };
  }

  private reply(
    message: dhcp.DhcpMessage,
    type: dhcp.MessageType,
    address: number,
    lease: Lease | undefined,
  ): dhcp.DhcpMessage {
    const { network } = this;
    const options = new Map<number, Uint8Array>([
      [Option.MESSAGE_TYPE, Uint8Array.of(type)],
      [Option.SERVER_IDENTIFIER, word(network.address)],
      [Option.SUBNET_MASK, word(network.mask)],
      [Option.BROADCAST_ADDRESS, word(network.address | ~network.mask)],
      [Option.INTERFACE_MTU, half(network.mtu)],
    ]);
    if (network.router !== 0) options.set(Option.ROUTER, word(network.router));
    if (network.nameServers.length > 0) options.set(Option.DOMAIN_NAME_SERVER, words(network.nameServers));
    if (network.domain !== '') options.set(Option.DOMAIN_NAME, text(network.domain));
    if (lease !== undefined) {
      options.set(Option.LEASE_TIME, word(network.leaseSeconds));
      options.set(Option.RENEWAL_TIME, word(network.leaseSeconds >>> 1));
      options.set(Option.REBINDING_TIME, word(Math.floor(network.leaseSeconds * 0.875)));
      const name = this.leases.reservationOf(lease.mac)?.name;
      if (name !== undefined) options.set(Option.HOST_NAME, text(name));
    }
    if (network.timeServer !== undefined) options.set(Option.NTP_SERVERS, word(network.timeServer));
    const file = network.bootFile?.(architectureIn(message)) ?? '';
    if (file !== '') {
      options.set(Option.TFTP_SERVER_NAME, text(formatIp4(network.address)));
      options.set(Option.BOOT_FILE, text(file));
    }
    for (const [code, value] of network.extra) options.set(code, value);
    return {
      ...message,
      op: dhcp.BOOTREPLY,
      secs: 0,
      yiaddr: address,
      siaddr: network.address,
      file,
      options,
    };
  }
}

/** The hardware address counts too: identifiers are no secret, and whoever shows another's must not get at its lease. */
function clientOf({ options, chaddr }: dhcp.DhcpMessage): string {
  const mac = formatMac(chaddr, 0);
  const identifier = options.get(Option.CLIENT_IDENTIFIER);
  if (identifier === undefined || identifier.length === 0) return mac;
  return `${mac} ${Array.from(identifier, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function architectureIn({ options }: dhcp.DhcpMessage): number | undefined {
  const value = options.get(Option.CLIENT_ARCHITECTURE);
  return value !== undefined && value.length >= 2 ? readU16(value, 0) : undefined;
}

function addressIn({ options }: dhcp.DhcpMessage, code: number): number {
  const value = options.get(code);
  return value !== undefined && value.length === 4 ? readI32(value, 0) : 0;
}

/** What the client calls itself, as far as it can be a name. */
function nameIn({ options }: dhcp.DhcpMessage): string {
  const name = String.fromCharCode(...(options.get(Option.HOST_NAME) ?? []));
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(name) ? name.toLowerCase() : '';
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, value);
  return bytes;
}

function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, i) => writeU32(bytes, 4 * i, value));
  return bytes;
}

function half(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  writeU16(bytes, 0, value);
  return bytes;
}

function text(value: string): Uint8Array {
  return Uint8Array.from(value, (letter) => letter.charCodeAt(0));
}
