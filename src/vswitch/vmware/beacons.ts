/**
 * Beacon probing: the uplinks of a team that are up send each other broadcasts through the physical network, once a second.
 * One that has neither heard another for three seconds nor been heard by one has lost its way behind the next switch, although
 * its own link is up. Where no uplink hears any (of two, nobody can tell which has failed), frames leave by all of them.
 *
 * Sources: vSphere Networking, "Teaming and Failover Policy" (network failover detection); VMware's knowledge base, 1005577
 * "What is beacon probing?". The EtherType is the one that such frames have; what stands in them is our own.
 */
import { call } from '../../base/call.ts';
import type { Clock } from '../../base/clock.ts';
import { copyBytes, readU16, writeU16, writeU32 } from '../../wire/bytes.ts';
import * as ethernet from '../../wire/ethernet.ts';
import type { VmPort } from './vm-port.ts';

export const ETH_P_BEACON = 0x8922;

const INTERVAL_US = 1_000_000;
const LOST_AFTER_US = 3 * INTERVAL_US;
/** Behind the Ethernet header: who sends (a number drawn by the switch), and by which uplink. */
const SENDER_AT = ethernet.HEADER_LENGTH;
const UPLINK_AT = SENDER_AT + 4;

export class Beacons {
  private readonly uplinks: readonly VmPort[];
  private readonly clock: Clock;
  private readonly id: number;
  private readonly emit: (uplink: VmPort, frame: Uint8Array) => void;
  private readonly onChange: () => void;
  /** By place in the team: when it was last found to be connected. */
  private readonly foundAt: number[];
  private states = '';

  constructor(
    uplinks: readonly VmPort[],
    clock: Clock,
    id: number,
    emit: (uplink: VmPort, frame: Uint8Array) => void,
    onChange: () => void,
  ) {
    this.uplinks = uplinks;
    this.clock = clock;
    this.id = id;
    this.emit = emit;
    this.onChange = onChange;
    // Nobody is given up before it had its time.
    this.foundAt = uplinks.map(() => clock.now);
    clock.at(clock.now, call(this, 'send'));
  }

  /** Has the uplink a way to another one? By its link alone, where nobody has. */
  isConnected(uplink: VmPort): boolean {
    if (!uplink.up) return false;
    return this.isBlind || this.isFound(this.uplinks.indexOf(uplink));
  }

  /** Several links are up, and none of them hears another. */
  get isBlind(): boolean {
    const up = this.uplinks.filter((uplink) => uplink.up).length;
    return up > 1 && !this.uplinks.some((uplink, i) => uplink.up && this.isFound(i));
  }

  private isFound(index: number): boolean {
    const isAlone = this.uplinks.every((uplink, i) => i === index || !uplink.up);
    return isAlone || this.foundAt[index]! + LOST_AFTER_US > this.clock.now;
  }

  /** The timer's. */
  send(): void {
    this.uplinks.forEach((uplink, i) => {
      if (uplink.up) this.emit(uplink, this.frame(uplink, i));
    });
    this.look();
    this.clock.at(this.clock.now + INTERVAL_US, call(this, 'send'));
  }

  private frame(uplink: VmPort, index: number): Uint8Array {
    const frame = new Uint8Array(ethernet.MIN_FRAME_LENGTH);
    frame.fill(0xff, 0, ethernet.ADDRESS_LENGTH);
    // An uplink without an address of its own gets a local one.
    const source =
      uplink.mac ?? Uint8Array.of(2, this.id >>> 24, this.id >>> 16, this.id >>> 8, this.id, index);
    copyBytes(source, 0, frame, ethernet.ADDRESS_LENGTH, ethernet.ADDRESS_LENGTH);
    ethernet.setType(frame, 0, ETH_P_BEACON);
    writeU32(frame, SENDER_AT, this.id);
    writeU16(frame, UPLINK_AT, index);
    return frame;
  }

  /** A beacon came in by an uplink: sender and receiver are connected, if it is one of ours. */
  hear(uplink: VmPort, bytes: Uint8Array, start: number, end: number): void {
    if (start + UPLINK_AT + 2 > end) return;
    const high = readU16(bytes, start + SENDER_AT);
    const low = readU16(bytes, start + SENDER_AT + 2);
    if (((high << 16) | low) >>> 0 !== this.id >>> 0) return;
    const from = readU16(bytes, start + UPLINK_AT);
    const to = this.uplinks.indexOf(uplink);
    if (to < 0 || from === to || from >= this.uplinks.length) return;
    this.foundAt[from] = this.foundAt[to] = this.clock.now;
    this.look();
  }

  /** Tells when the answer about some uplink is another one than before. */
  look(): void {
    const states = `${this.isBlind} ${this.uplinks.map((uplink) => this.isConnected(uplink)).join(' ')}`;
    if (states === this.states) return;
    this.states = states;
    this.onChange();
  }
}
