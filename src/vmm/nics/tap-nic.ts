/**
 * A TAP device of this machine as a guest: whoever sends by it – a VMM that wants one, a bridge, a network namespace – is on the
 * network. Needs the right to make it (root), or a device that was made for this user (`ip tuntap add NAME mode tap user USER`).
 *
 *     tap:tap0           in the namespace of this process
 *     tap:eth0@/run/netns/box        made in another one
 *
 * What the device takes is behind a header of virtio, since it cuts large segments itself (virtio-frames.ts).
 *
 * Source: Documentation/networking/tuntap.rst, netdevice(7), setns(2).
 */
import { SluiceError } from '../../base/errors.ts';
import { MAX_FRAME_BYTES } from './frame-stream.ts';
import { loadLibc, type Libc } from './libc.ts';
import type { Nic, NicEvents } from './nic.ts';
import { VIRTIO_HEADER, VirtioFrames } from './virtio-frames.ts';

export interface TapAddress {
  /** Of the device. */
  readonly device: string;
  /** The network namespace that it is made in; undefined for that of this process. */
  readonly namespace: string | undefined;
}

const O_RDWR = 2;
const O_RDONLY = 0;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const CLONE_NEWNET = 0x40000000;
const TUNSETIFF = 0x400454ca;
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;
/** IFF_TAP | IFF_NO_PI | IFF_VNET_HDR: Ethernet behind a header of virtio, and nothing else before it. */
const FLAGS = 0x5002;
const POLLIN = 1;
/** So often it is looked whether the NIC was closed. */
const LOOK_MS = 200;
/** Frames that are taken before others have their turn. */
const MOST_AT_ONCE = 128;

export class TapNic implements Nic {
  readonly name: string;
  /** Frames that the device did not take. */
  dropped = 0;
  private readonly address: TapAddress;
  private libc: Libc | null = null;
  private fd = -1;
  private readonly room = new Uint8Array(VIRTIO_HEADER + MAX_FRAME_BYTES);
  private readonly frames: VirtioFrames;
  private isFlushDue = false;
  private readonly request = new Uint8Array(8);
  private events: NicEvents | null = null;
  private onClosed: (() => void) | null = null;

  constructor(address: TapAddress) {
    this.address = address;
    this.name = `tap:${address.device}`;
    this.frames = new VirtioFrames(MAX_FRAME_BYTES, (bytes, start, end, frames) => {
      const length = end - start;
      if (this.libc!.write(this.fd, bytes.subarray(start, end), length) !== length) this.dropped += frames;
    });
  }

  async start(events: NicEvents): Promise<void> {
    this.libc = await loadLibc();
    this.events = events;
    this.fd = this.openDevice(this.libc);
    const view = new DataView(this.request.buffer);
    view.setInt32(0, this.fd, true);
    view.setInt16(4, POLLIN, true);
    events.link(true);
    this.wait();
  }

  /** What is caused by one chunk of input leaves before the next is read; until then one segment waits for another. */
  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.fd < 0 || end - start > MAX_FRAME_BYTES) {
      this.dropped++;
      return false;
    }
    this.frames.add(bytes, start, end);
    if (this.frames.isWaiting && !this.isFlushDue) {
      this.isFlushDue = true;
      setImmediate(this.flush);
    }
    return true;
  }

  private readonly flush = (): void => {
    this.isFlushDue = false;
    if (this.fd >= 0) this.frames.flush();
  };

  close(): Promise<void> {
    if (this.fd < 0 || this.onClosed !== null) return Promise.resolve();
    // Whoever waits for frames still holds the device.
    return new Promise((done) => (this.onClosed = done));
  }

  // ── The device ──────────────────────────────────────────────────────────────────────────────────────────────

  private openDevice(libc: Libc): number {
    const { namespace } = this.address;
    if (namespace === undefined) return this.make(libc);
    // A thread is in one namespace; this one is back before anybody else has its turn.
    const home = this.checked(libc.open('/proc/thread-self/ns/net', O_RDONLY | O_CLOEXEC));
    const there = this.checked(libc.open(namespace, O_RDONLY | O_CLOEXEC));
    try {
      this.checked(libc.setns(there, CLONE_NEWNET));
      try {
        return this.make(libc);
      } finally {
        this.checked(libc.setns(home, CLONE_NEWNET));
      }
    } finally {
      libc.close(there);
      libc.close(home);
    }
  }

  private make(libc: Libc): number {
    const fd = this.checked(libc.open('/dev/net/tun', O_RDWR | O_NONBLOCK | O_CLOEXEC));
    const request = new Uint8Array(IFREQ_BYTES);
    request.set(new TextEncoder().encode(this.address.device));
    new DataView(request.buffer).setInt16(IFNAMSIZ, FLAGS, true);
    try {
      this.checked(libc.ioctl(fd, TUNSETIFF, request));
    } catch (error) {
      libc.close(fd);
      throw error;
    }
    return fd;
  }

  private checked(result: number): number {
    if (result < 0) throw new SluiceError('NIC', `${this.name}: ${this.libc!.error()}`);
    return result;
  }

  // ── Frames ──────────────────────────────────────────────────────────────────────────────────────────────────

  private wait(): void {
    this.libc!.poll(this.request, LOOK_MS, this.take);
  }

  private readonly take = (): void => {
    const { libc, fd, room } = this;
    if (this.onClosed !== null) return this.end();
    for (let i = 0; i < MOST_AT_ONCE; i++) {
      const length = libc!.read(fd, room, room.length);
      if (length <= VIRTIO_HEADER) return this.wait();
      this.events!.frame(room, VIRTIO_HEADER, length);
    }
    setImmediate(this.take);
  };

  private end(): void {
    this.libc!.close(this.fd);
    this.fd = -1;
    this.onClosed!();
  }
}
