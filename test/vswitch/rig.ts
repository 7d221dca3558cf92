/** A switch on a table: frames in by the names of ports, frames out as text. */
import { VirtualClock } from '../../src/base/clock.ts';
import { SeededRng } from '../../src/base/rng.ts';
import { dropReasonName } from '../../src/netfilter/drop-reason.ts';
import { makeSwitch, parseSwitchConfig, type VirtualSwitch } from '../../src/vswitch/index.ts';
import { bytesToHex, hexToBytes } from '../../src/wire/bytes.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';

const HEAD_ROOM = 32;
const START_US = 1_700_000_000_000_000;

export class Rig {
  readonly clock = new VirtualClock(START_US);
  readonly switch: VirtualSwitch;
  /** Why nothing came of the last frame; NONE otherwise. */
  reason = 'NONE';
  private sent: string[] = [];
  private isWatched = true;

  constructor(settings: unknown) {
    this.switch = makeSwitch(parseSwitchConfig(settings, 'switch', 'sw'), {
      clock: this.clock,
      rng: new SeededRng(7),
      sink: {
        frame: (port, bytes, start, end) => {
          if (this.isWatched) this.sent.push(`${port.name} ${bytesToHex(bytes, start, end)}`);
        },
      },
    });
  }

  /** Ports that the frame left by, with the frame where it left changed: `p2`, `p3 0200…`. */
  send(port: string, frame: string): string[] {
    return this.sendWhole(port, frame).map((line) =>
      line.endsWith(` ${frame}`) ? line.split(' ')[0]! : line,
    );
  }

  /** Every frame that left, in order: `p2 0200…`. */
  sendWhole(port: string, frame: string): string[] {
    const bytes = hexToBytes(frame);
    const memory = new Uint8Array(HEAD_ROOM + bytes.length);
    memory.set(bytes, HEAD_ROOM);
    const pkt = new PacketBuffer(memory, HEAD_ROOM);
    this.sent = [];
    this.switch.receive(this.switch.portNamed(port)!.index, pkt);
    this.reason = dropReasonName(pkt.dropReason);
    if (bytesToHex(memory, HEAD_ROOM) !== frame) throw new Error('the switch did not give the bytes back');
    return this.sent;
  }

  /** So many broadcasts from as many addresses, 02:01:00:00:00:00 and on; nobody looks at what comes of them. */
  flood(port: string, sources: number): void {
    const bytes = hexToBytes(frame(BROADCAST, '020100000000'));
    const pkt = new PacketBuffer();
    const { index } = this.switch.portNamed(port)!;
    this.isWatched = false;
    for (let n = 0; n < sources; n++) {
      bytes.set([n >>> 24, n >>> 16, n >>> 8, n], 8);
      pkt.reset(bytes, 0, bytes.length);
      this.switch.receive(index, pkt);
    }
    this.isWatched = true;
  }

  /** What the switch sends because the link of a port changes. */
  setLink(port: string, up: boolean): string[] {
    this.sent = [];
    this.switch.setLink(this.switch.portNamed(port)!.index, up);
    return this.sent;
  }

  wait(seconds: number): void {
    this.clock.advanceTo(this.clock.now + seconds * 1e6);
  }

  /** What the switch sends by itself while time passes. */
  waitFor(seconds: number): string[] {
    this.sent = [];
    this.wait(seconds);
    return this.sent;
  }

  /** `mac vlan port kind` of all entries. */
  table(): string[] {
    return this.switch.table().map(({ mac, vlan, port, kind }) => `${mac} ${vlan} ${port} ${kind}`);
  }
}

// ── Frames, as hexadecimal ──────────────────────────────────────────────────────────────────────────────────────

export const BROADCAST = 'ffffffffffff';

/** Station n: 02:00:00:00:00:n. */
export function station(n: number): string {
  return `02${n.toString(16).padStart(10, '0')}`;
}

export function colons(mac: string): string {
  return mac.replace(/..(?=.)/g, '$&:');
}

/** A tag in front of what follows the addresses. */
export function tag(vid: number, priority = 0, tpid = '8100'): string {
  return tpid + ((priority << 13) | vid).toString(16).padStart(4, '0');
}

/** From one address to another, of 60 bytes without tags. */
export function frame(to: string, from: string, tags = ''): string {
  return `${to}${from}${tags}88b5${'5a'.repeat(46)}`;
}
