/**
 * Where guests may go on this machine's sockets. The world is theirs, as far as the gateway's rules let them. This machine is
 * not: its own addresses, loopback and what belongs to one link only are refused, but for the one address that stands
 * for the machine, which leads to its loopback interface.
 */
import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import { formatIp } from '../../wire/address.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

export interface Target {
  readonly address: string;
  readonly port: number;
}

/** RFC 6890 and RFC 4291: what no socket of this machine should be asked for on a guest's behalf. */
const NOT_OUTSIDE: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 127],
  ['::ffff:0:0', 96],
  ['fe80::', 10],
  ['ff00::', 8],
];

const LOOPBACK = { 4: '127.0.0.1', 6: '::1' } as const;

export class DestinationPolicy {
  private readonly never = new BlockList();
  /** The addresses under which guests reach this machine. */
  private readonly machine: ReadonlySet<string>;
  private readonly reaches: (address: string) => boolean;

  /** @param reaches - whether an address of the world may be gone to, beside all that is said here */
  constructor(machine: readonly string[], reaches: (address: string) => boolean = () => true) {
    this.reaches = reaches;
    this.machine = new Set(machine);
    for (const [network, prefix] of NOT_OUTSIDE) this.never.addSubnet(network, prefix, typeOf(network));
  }

  /** Is the packet for this machine itself? */
  isForMachine(pkt: PacketBuffer): boolean {
    return this.machine.has(formatIp(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3));
  }

  /** Where a packet of a guest is to go; null when it may not. */
  targetOf(pkt: PacketBuffer): Target | null {
    const address = formatIp(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    if (this.machine.has(address)) return { address: LOOPBACK[pkt.family === 6 ? 6 : 4], port: pkt.dport };
    if (this.never.check(address, typeOf(address)) || isOwn(address) || !this.reaches(address)) return null;
    return { address, port: pkt.dport };
  }
}

/** Asked anew each time: machines move between networks. */
function isOwn(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => list!.some((own) => own.address === address));
}

function typeOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
