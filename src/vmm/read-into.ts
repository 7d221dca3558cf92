/**
 * Sockets that are read into one buffer, over and over: what comes is dealt with before the next is read, so all sockets
 * share it. Node would make a new buffer for each read.
 */
import { connect, Socket, type NetConnectOpts, type OnReadOpts } from 'node:net';
import { BUFFER_BYTES } from './buffer-pool.ts';

/** Bytes that a socket takes before it asks for patience. */
const WRITE_AHEAD = 4 * BUFFER_BYTES;
const SHARED = new Uint8Array(BUFFER_BYTES);

/** Takes what came; the bytes are lent for the call. False: no more until `socket.resume()`. */
export class Intake {
  take: (bytes: Uint8Array) => boolean = () => false;
}

function readInto(intake: Intake): OnReadOpts {
  return {
    buffer: SHARED,
    callback: (length) => intake.take(SHARED.subarray(0, length)),
  };
}

/** `net.connect`, read by the intake. */
export function dial(options: NetConnectOpts, intake: Intake): Socket {
  const all = { ...options, writableHighWaterMark: WRITE_AHEAD, onread: readInto(intake) };
  return connect(all);
}

/** What Node keeps in a socket that it accepted: the connection itself. */
interface Accepted {
  _handle?: unknown;
}

/**
 * The same for a connection that was accepted (by a server with `pauseOnConnect`). Node takes a buffer only where a socket
 * is made, so another is made around the connection.
 */
export function adopt(accepted: Socket, intake: Intake, allowHalfOpen = false): Socket {
  const inside: Accepted = accepted as unknown as Accepted;
  const handle = inside._handle;
  inside._handle = null;
  // What is left of it counts as a connection of the server's no more.
  accepted.destroy();
  const options = { handle, allowHalfOpen, writableHighWaterMark: WRITE_AHEAD, onread: readInto(intake) };
  const socket = new Socket(options);
  socket.pause();
  return socket;
}
