/**
 * A live interface of this machine as a port of the network: whoever is on its wire is a guest. By libpcap, through the npm package
 * `cap`; needs the right to capture (root, or CAP_NET_RAW). Frames that this machine sends there itself are none of a guest's.
 * Several machines on one wire have several hardware addresses: the guest is then `trusted`.
 *
 *     live:eth1
 *
 * Source: pcap(3PCAP), pcap-filter(7): `inbound`; the README of cap.
 */
import { createRequire } from 'node:module';
import { SluiceError } from '../../base/errors.ts';
import { MAX_FRAME_BYTES } from './frame-stream.ts';
import type { Nic, NicEvents } from './nic.ts';

/** What is used of the package. */
interface Capture {
  /** Fills `into` with each frame, then tells; returns what the frames begin with. */
  open(device: string, filter: string, kernelBytes: number, into: Buffer): string;
  on(event: 'packet', taker: (length: number, isCut: boolean) => void): void;
  send(bytes: Buffer, length: number): void;
  close(): void;
}

type CapturePackage = { readonly Cap: new () => Capture };

const FILTER = 'inbound';
/** Captures that could not be opened: cap 0.2.1 ends the process when one of them is collected. */
const unopened: Capture[] = [];
/** What the kernel keeps of frames until they are read. */
const KERNEL_BYTES = 4 * 1024 * 1024;

export class LiveNic implements Nic {
  readonly name: string;
  /** Frames that the interface did not take. */
  dropped = 0;
  private readonly device: string;
  private readonly room = Buffer.alloc(MAX_FRAME_BYTES);
  private capture: Capture | null = null;

  constructor(device: string) {
    this.device = device;
    this.name = `live:${device}`;
  }

  start(events: NicEvents): void {
    const { room } = this;
    const capture = new (loadPackage().Cap)();
    try {
      const link = capture.open(this.device, FILTER, KERNEL_BYTES, room);
      if (link !== 'ETHERNET') throw new Error(`frames of ${link} are no Ethernet`);
    } catch (error) {
      unopened.push(capture);
      throw new SluiceError('NIC', `${this.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.capture = capture;
    capture.on('packet', (length, isCut) => {
      if (!isCut && this.capture !== null) events.frame(room, 0, length);
    });
    events.link(true);
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    try {
      const frame = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
      if (this.capture === null) return false;
      this.capture.send(frame, frame.length);
      return true;
    } catch {
      // Down, or longer than the wire takes.
      this.dropped++;
      return false;
    }
  }

  close(): Promise<void> {
    this.capture?.close();
    this.capture = null;
    return Promise.resolve();
  }
}

function loadPackage(): CapturePackage {
  try {
    return createRequire(import.meta.url)('cap') as CapturePackage;
  } catch {
    throw new SluiceError(
      'NIC',
      'live interfaces need the npm package cap, which is built with the headers of libpcap: npm install cap',
    );
  }
}
