/**
 * Where the host and its transport protocols meet: what the host hands up (segments, datagrams, ICMP errors), and how a
 * protocol takes its place. A host without them answers as one whose ports are all closed.
 */
import type { SocketFacts } from '../netfilter/host-services.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import type { Ends } from './tcp/flow.ts';
import type { NetErrorCode } from './tcp/errors.ts';

/** What an ICMP error means to an application. */
export interface IcmpMeaning {
  readonly code: NetErrorCode;
  /** It will not pass by itself. */
  readonly isHard: boolean;
  /** A handshake that a listener has under way is over by it. */
  readonly endsHandshake: boolean;
}

export interface Transport {
  /** A checked packet for this host. False when no socket wants it. */
  receive(pkt: PacketBuffer, device: Device): boolean;
  /** The socket that would take the packet, wherever it goes; null for none. Only rules ask. */
  receiverOf(pkt: PacketBuffer, device: Device): SocketFacts | null;
  /** The socket that sent a packet of this host's own; null for none. Only rules ask. */
  senderOf(pkt: PacketBuffer): SocketFacts | null;
  /** An ICMP error about a packet of ours, `quoted` being the number that the protocol put into its header's third word. */
  icmpError(ends: Ends, quoted: number, meaning: IcmpMeaning): void;
  /** May a socket here have sent the packet that an ICMP error quotes? Whoever cannot know that is not believed. */
  hasSent(ends: Ends, quoted: number): boolean;
  /** The path to the other end takes no more than `mtu` bytes. */
  packetTooBig(ends: Ends, quoted: number, mtu: number): void;
  /** Whatever happened while the host was busy is told to applications now. */
  tellApplications(): void;
}

export function attachTcp(host: Host, transport: Transport): void {
  host.tcp = transport;
}

export function attachUdp(host: Host, transport: Transport): void {
  host.udp = transport;
}
