/**
 * A guest on UDP datagrams, one frame each, as QEMU's `-netdev dgram` sends them:
 *
 *     qemu … -netdev dgram,id=n0,local.type=inet,local.host=127.0.0.1,local.port=4000,remote.type=inet,remote.host=127.0.0.1,remote.port=4001
 *
 * Where frames come from another place than the guest's they are left unread. Node handles datagrams several times slower
 * than streams, and nothing tells whether a guest is there: prefer stream-nic.ts. Datagrams on Unix sockets Node has not.
 */
import { createSocket, type Socket } from 'node:dgram';
import { SluiceError } from '../../base/errors.ts';
import type { Nic, NicEvents } from './nic.ts';

export interface DatagramAddress {
  /** Where frames are awaited. */
  readonly local: { readonly host: string; readonly port: number };
  /** Where the VMM is. */
  readonly remote: { readonly host: string; readonly port: number };
}

/** What one datagram holds. */
const MOST_BYTES = 65507;
/** Bytes that wait in the socket; beyond, frames are dropped. */
const QUEUE_BYTES = 4 * 1024 * 1024;

export class DatagramNic implements Nic {
  readonly name: string;
  /** Frames that were not sent. */
  dropped = 0;
  private readonly address: DatagramAddress;
  private socket: Socket | null = null;

  constructor(address: DatagramAddress) {
    this.address = address;
    this.name = `udp:${address.local.host}:${address.local.port}`;
  }

  async start(events: NicEvents): Promise<void> {
    const { local, remote } = this.address;
    const socket = createSocket(local.host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((done, failed) => {
      socket.once('error', (error) => failed(new SluiceError('NIC', `${this.name}: ${error.message}`)));
      socket.bind({ address: local.host, port: local.port }, done);
    });
    this.socket = socket;
    // A VMM that is not there (yet) is no failure.
    socket.removeAllListeners('error').on('error', () => {});
    socket.on('message', (bytes, from) => {
      if (from.port === remote.port && from.address === remote.host) events.frame(bytes, 0, bytes.length);
    });
    events.link(true);
  }

  /** The port that frames are awaited at. */
  get port(): number {
    return this.socket!.address().port;
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    const { socket } = this;
    const { remote } = this.address;
    if (socket === null || end - start > MOST_BYTES || socket.getSendQueueSize() > QUEUE_BYTES) {
      this.dropped++;
      return false;
    }
    // The bytes are lent for the call, and the socket may keep them longer.
    socket.send(bytes.slice(start, end), remote.port, remote.host);
    return true;
  }

  async close(): Promise<void> {
    const { socket } = this;
    this.socket = null;
    if (socket !== null) await new Promise<void>((done) => socket.close(done));
  }
}
