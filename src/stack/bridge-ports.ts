/**
 * The ports of bridges that belong to a host, as far as the host has to know them for its rules (bridge-netfilter.ts): the
 * numbers under which packets bear them (PacketBuffer.physIn, physOut), and the packets that wait for a neighbour's address.
 */
import { ETH_P_IP, ETH_P_IPV6 } from '../wire/ether-type.ts';
import * as ethernet from '../wire/ethernet.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';

/** What becomes of a frame, now that the address of its destination is known. */
export type FrameGoesOn = (pkt: PacketBuffer, mac: Uint8Array) => void;

/** Numbers of packets held, in the place of a port's: above all that interfaces have. And how many there are at once. */
export const FIRST_HELD = 1 << 20;
const LAST_HELD = (1 << 29) - 1;
const MOST_HELD = 1024;

export class BridgePorts {
  /** Of ports that are no devices of the host: port n has the number -1 - n. */
  private readonly names: string[] = [];
  private readonly transmitters = new Map<number, (frame: Uint8Array) => void>();
  private readonly held = new Map<number, FrameGoesOn>();
  private nextHeld = FIRST_HELD;

  /** @param device - the index of the host's device of that name, 0 when there is none */
  add(name: string, device: number, transmit: (frame: Uint8Array) => void): number {
    const number = device !== 0 ? device : -this.names.push(name);
    this.transmitters.set(number, transmit);
    return number;
  }

  nameOf(number: number): string {
    return this.names[-1 - number] ?? '';
  }

  /** A bridged packet waits for a neighbour: the number that its `physOut` has until then. Who waits longest gives way. */
  hold(goesOn: FrameGoesOn): number {
    const number = this.nextHeld;
    this.nextHeld = number === LAST_HELD ? FIRST_HELD : number + 1;
    this.held.set(number, goesOn);
    if (this.held.size > MOST_HELD) {
      for (const oldest of this.held.keys()) {
        this.held.delete(oldest);
        break;
      }
    }
    return number;
  }

  release(pkt: PacketBuffer, mac: Uint8Array): void {
    const goesOn = this.held.get(pkt.physOut);
    this.held.delete(pkt.physOut);
    goesOn?.(pkt, mac);
  }

  /**
   * REJECT answers a segment that came by a bridge port where it came in, as if its destination did; false for any other
   * (nf_send_reset).
   */
  answer(pkt: PacketBuffer, answer: PacketBuffer): boolean {
    const transmit = this.transmitters.get(pkt.physIn);
    if (transmit === undefined || pkt.l2 < 0) return false;
    const frame = new Uint8Array(ethernet.HEADER_LENGTH + answer.l3End - answer.l3);
    ethernet.setDst(frame, 0, pkt.bytes, pkt.l2 + ethernet.ADDRESS_LENGTH);
    ethernet.setSrc(frame, 0, pkt.bytes, pkt.l2);
    ethernet.setType(frame, 0, answer.family === 4 ? ETH_P_IP : ETH_P_IPV6);
    frame.set(answer.bytes.subarray(answer.l3, answer.l3End), ethernet.HEADER_LENGTH);
    transmit(frame);
    return true;
  }
}
