/**
 * The way to a relay of Ethernet frames by WebSocket, one frame a binary message: what v86 speaks to its relays, and what `sluice
 * net` offers (websocket-nic.ts). In a browser, where there are no other sockets, it is the way out.
 *
 *     createNetwork({ …, relay: new RelayNic('wss://relay.example/') })
 *
 * A relay that is not there, or goes away, is called again, ever more seldom. What comes as text is none of ours.
 */
import { SluiceError } from '../../base/errors.ts';
import { MAX_FRAME_BYTES } from './frame-stream.ts';
import type { Nic, NicEvents } from './nic.ts';

/** What is used of a WebSocket (the browser's, Node's from version 22 on, the package `ws`). */
export interface RelaySocket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(message: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export type MakeSocket = new (url: string) => RelaySocket;

const OPEN = 1;
/** Bytes that wait for a slow relay; more would only come too late. */
export const QUEUE_BYTES = 1_048_576;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export class RelayNic implements Nic {
  readonly name: string;
  /** Frames that the relay did not take. */
  dropped = 0;
  private readonly makeSocket: MakeSocket | undefined;
  private events: NicEvents | null = null;
  private socket: RelaySocket | null = null;
  private waitMs = FIRST_WAIT_MS;
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** @param makeSocket - where the platform has none of its own */
  constructor(url: string, makeSocket = (globalThis as { readonly WebSocket?: MakeSocket }).WebSocket) {
    this.name = url;
    this.makeSocket = makeSocket;
  }

  start(events: NicEvents): void {
    if (this.makeSocket === undefined)
      throw new SluiceError('NIC', `${this.name}: there are no WebSockets here`);
    this.events = events;
    try {
      this.call(this.makeSocket);
    } catch (error) {
      throw new SluiceError('NIC', `${this.name}: ${(error as Error).message}`);
    }
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    const { socket } = this;
    if (socket === null || socket.readyState !== OPEN || socket.bufferedAmount > QUEUE_BYTES) {
      this.dropped++;
      return false;
    }
    // The bytes are lent for the call, and the socket may keep them longer.
    socket.send(bytes.slice(start, end));
    return true;
  }

  async close(): Promise<void> {
    this.events = null;
    if (this.timer !== null) clearTimeout(this.timer);
    this.socket?.close();
  }

  private call(MakeOne: MakeSocket): void {
    const socket = new MakeOne(this.name);
    this.socket = socket;
    let wasOpen = false;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      wasOpen = true;
      this.waitMs = FIRST_WAIT_MS;
      this.events?.link(true);
    };
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      if (!(data instanceof ArrayBuffer) || data.byteLength > MAX_FRAME_BYTES) return;
      this.events?.frame(new Uint8Array(data), 0, data.byteLength);
    };
    // The end of the connection says all that an error would.
    socket.onerror = () => {};
    socket.onclose = () => {
      this.socket = null;
      if (this.events === null) return;
      if (wasOpen) this.events.link(false);
      this.timer = setTimeout(() => this.call(MakeOne), this.waitMs);
      this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
    };
  }
}
