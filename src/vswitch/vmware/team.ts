/**
 * NIC teaming: by which uplink a port's frames leave. Uplinks count as long as their link is up and, with beacon probing, they
 * have a way to another one (beacons.ts); for every active one that does not, a standby one takes over, in the order given.
 *
 *     originating-port   by the number of the port
 *     source-mac         by the last byte of the source address
 *     ip-hash            by the last bytes of both IP addresses (xor); of other frames by what stands in their place
 *     explicit           the first in the order that is up
 *
 * Source: vSphere Networking, "Teaming and Failover Policy", "Route Based on IP Hash".
 */
import { ETH_P_IPV6 } from '../../wire/ether-type.ts';
import { readU16 } from '../../wire/bytes.ts';
import type { Beacons } from './beacons.ts';
import type { TeamingConfig, VmPort } from './vm-port.ts';

const NONE: readonly VmPort[] = [];
const LAST_BYTE_OF_SOURCE = 11;
/** Offsets of the last bytes of source and destination, from the network header on. */
const IPV4_LAST = [15, 19] as const;
const IPV6_LAST = [23, 39] as const;

export class Team {
  readonly config: TeamingConfig;
  private readonly active: readonly VmPort[];
  private readonly standby: readonly VmPort[];
  /** Those in use, by order. */
  private members: VmPort[] = [];
  /** With beacon probing; whoever has a clock sets it. */
  beacons: Beacons | null = null;

  constructor(config: TeamingConfig, uplinks: readonly VmPort[]) {
    this.config = config;
    const named = (names: readonly string[]) =>
      names.map((name) => uplinks.find((port) => port.name === name)!);
    this.active = named(config.active);
    this.standby = named(config.standby);
    this.members = this.choose();
  }

  /** A link went up or down. */
  update(): void {
    const wanted = this.choose();
    // Without failback, whoever took over stays for as long as its link is up.
    const hasLost = this.members.some((port) => !this.isUsable(port));
    const stay = this.config.failback || this.members.length === 0 || hasLost;
    if (stay || wanted.length > this.members.length) this.members = wanted;
  }

  private choose(): VmPort[] {
    const spare = this.standby.filter((port) => this.isUsable(port));
    return this.active.flatMap((port) => (this.isUsable(port) ? [port] : spare.splice(0, 1)));
  }

  private isUsable(port: VmPort): boolean {
    return this.beacons === null ? port.up : this.beacons.isConnected(port);
  }

  /** Where nobody can tell which uplink still leads somewhere, frames leave by all; otherwise empty. */
  get everyWay(): readonly VmPort[] {
    return this.beacons?.isBlind === true ? this.members : NONE;
  }

  /** All that belong to it. */
  get uplinks(): readonly VmPort[] {
    return [...this.active, ...this.standby];
  }

  /** The uplink for a frame of a port; `type` stands at `typeAt`. Null while no link is up. */
  uplinkFor(port: VmPort, bytes: Uint8Array, start: number, typeAt: number, end: number): VmPort | null {
    const { members } = this;
    if (members.length === 0) return null;
    switch (this.config.policy) {
      case 'explicit':
        return members[0]!;
      case 'originating-port':
        return members[port.index % members.length]!;
      case 'source-mac':
        return members[bytes[start + LAST_BYTE_OF_SOURCE]! % members.length]!;
      case 'ip-hash':
        return members[ipHash(bytes, start, typeAt, end) % members.length]!;
    }
  }

  /**
   * Whether a frame that came in by an uplink may be for the port: it has to come by the one that the port sends by. Links
   * bundled under ip-hash are one; the physical switch sends each frame by any of them, once. Where frames leave by all,
   * answers may come by any.
   */
  isReversePath(port: VmPort, uplink: VmPort): boolean {
    const { members } = this;
    if (this.everyWay.length > 0) return members.includes(uplink);
    switch (this.config.policy) {
      case 'ip-hash':
        return members.includes(uplink);
      case 'explicit':
        return members[0] === uplink;
      case 'originating-port':
        return members[port.index % members.length] === uplink;
      case 'source-mac':
        return members[(port.effectiveLow & 0xff) % members.length] === uplink;
    }
  }
}

function ipHash(bytes: Uint8Array, start: number, typeAt: number, end: number): number {
  const type = readU16(bytes, typeAt);
  const network = typeAt + 2;
  const last = type === ETH_P_IPV6 ? IPV6_LAST : IPV4_LAST;
  if (network + last[1] >= end) return bytes[start + LAST_BYTE_OF_SOURCE]!;
  return bytes[network + last[0]]! ^ bytes[network + last[1]]!;
}
