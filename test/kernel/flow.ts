/**
 * A time line of frames between the two sides of a gateway, written the way that one would tell it: who sends what.
 *
 * The gateway stands between `inside` (eth0) and `outside` (eth1); its MAC addresses and those of the stations
 * beside it are the ones in the cases' gateway.yaml.
 */
import type { Step } from '../../src/conform/kernel/ask.ts';
import {
  ethernet,
  tcp,
  type Bytes,
  type Ends,
  type IpOptions,
  type TcpFields,
} from '../../src/conform/frames.ts';

export const MAC = {
  eth0: '02:00:00:00:00:01',
  eth1: '02:00:00:00:00:02',
  inside: '02:00:00:00:01:01',
  outside: '02:00:00:00:01:02',
} as const;

/** Seconds between frames of a time line, so that captures made of it merge in order. */
const PACE = 0.001;
const FIRST_TIME = 1_700_000_000;

export class TimeLine {
  readonly steps: Step[] = [];
  #time = FIRST_TIME;

  /** A packet (IPv4 or IPv6 bytes) that a station inside sends to the gateway. */
  inside(packet: readonly number[]): this {
    return this.frame('eth0', ethernet(MAC.eth0, MAC.inside, packet));
  }

  outside(packet: readonly number[]): this {
    return this.frame('eth1', ethernet(MAC.eth1, MAC.outside, packet));
  }

  frame(iface: string, frame: Uint8Array): this {
    this.#time += PACE;
    this.steps.push({ iface, time: this.#time, frame });
    return this;
  }

  wait(seconds: number): this {
    this.steps.push({ wait: seconds });
    return this;
  }
}

export interface Peer {
  /** The addresses as this side's own network sees them. */
  readonly ends: Ends;
  readonly port: number;
  readonly peerPort: number;
}

type Send = (packet: readonly number[]) => unknown;

/**
 * A TCP connection's two sides, each with the addresses and ports that it sees (they differ under NAT), counting
 * sequence numbers. `overrides` make a segment wrong on purpose.
 */
export class TcpConversation {
  readonly #client: Peer;
  readonly #server: Peer;
  readonly #sendClient: Send;
  readonly #sendServer: Send;
  clientSeq = 1_000_000;
  serverSeq = 5_000_000;

  constructor(client: Peer, sendClient: Send, server: Peer, sendServer: Send) {
    this.#client = client;
    this.#server = server;
    this.#sendClient = sendClient;
    this.#sendServer = sendServer;
  }

  client(flags: string, payload: Bytes = [], overrides: Partial<TcpFields> = {}, ip: IpOptions = {}): this {
    const ack = flags.includes('A') ? this.serverSeq : 0;
    const fields = { seq: this.clientSeq, ack, flags, payload, ...overrides };
    this.#sendClient(segment(this.#client, fields, ip));
    if (overrides.seq === undefined) this.clientSeq += advance(flags, payload);
    return this;
  }

  server(flags: string, payload: Bytes = [], overrides: Partial<TcpFields> = {}, ip: IpOptions = {}): this {
    const ack = flags.includes('A') ? this.clientSeq : 0;
    const fields = { seq: this.serverSeq, ack, flags, payload, ...overrides };
    this.#sendServer(segment(this.#server, fields, ip));
    if (overrides.seq === undefined) this.serverSeq += advance(flags, payload);
    return this;
  }

  handshake(options: Bytes = []): this {
    return this.client('S', [], { options }).server('SA', [], { options }).client('A');
  }

  close(): this {
    return this.client('FA').server('FA').client('A');
  }
}

function segment(
  { ends, port, peerPort }: Peer,
  fields: Omit<TcpFields, 'sport' | 'dport'>,
  ip: IpOptions,
): number[] {
  return tcp(ends, { sport: port, dport: peerPort, ...fields }, { dontFragment: true, ...ip });
}

function advance(flags: string, payload: Bytes): number {
  return payload.length + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0);
}

/** TCP options of a usual SYN: MSS 1460, SACK permitted, window scale 7. */
export const SYN_OPTIONS: Bytes = [2, 4, 0x05, 0xb4, 4, 2, 1, 3, 3, 7, 1, 1];

export function swapped({ from, to }: Ends): Ends {
  return { from: to, to: from };
}
