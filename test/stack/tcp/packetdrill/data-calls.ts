/** Calls of scripts that move data: their results, and when they would wait. */
import type { Connection } from '../../../../src/stack/tcp/connection.ts';
import { NetError, TcpState } from '../../../../src/stack/tcp/index.ts';
import { isIn, MAY_SEND } from '../../../../src/stack/tcp/states.ts';
import type { Descriptor } from './descriptors.ts';
import { WrongValue, type Outcome } from './outcome.ts';
import { ScriptError } from './script.ts';
import type { Progress, World } from './world.ts';

export function receiveMessage(descriptor: Descriptor, args: readonly string[]): Outcome {
  if (/MSG_ERRQUEUE/.test(args[2] ?? '')) throw new ScriptError("the error queue is Linux's own");
  const outcome = read(descriptor, '...', sizeOf(args[1]!), args[2] ?? '');
  const control = /msg_control\s*=\s*\[(.*)\]/s.exec(args[1]!)?.[1];
  if (control !== undefined && typeof outcome === 'number') checkControl(descriptor, control);
  return outcome;
}

/** TCP_INQ: how much is left to read; 1 where only the end is (Linux: tcp_inq_hint). */
function checkControl({ connection: c, settings }: Descriptor, text: string): void {
  const entry = /^\s*\{cmsg_level=SOL_TCP,\s*cmsg_type=TCP_CM_INQ,\s*cmsg_data=(\d+)\}\s*$/.exec(text);
  if (entry === null) throw new ScriptError('control messages but TCP_CM_INQ are not known here');
  if (c === null || settings.get('TCP_INQ') !== 1) throw new WrongValue('no TCP_CM_INQ was asked for');
  const left = c.unread > 0 ? c.unread : Number(c.finReceived);
  if (left !== Number(entry[1])) throw new WrongValue(`cmsg_data is ${left}, not ${entry[1]}`);
}

/** splice(2) out of a connection, into a pipe: up to where the urgent byte is. */
export function splice(from: Descriptor, length: number): Outcome {
  const { connection: c } = from;
  if (c === null) throw new ScriptError('splice is known here out of connections only');
  if (c.unread === 0) return read(from, '...', length, '');
  return c.read(new Uint8Array(length));
}

export function read(descriptor: Descriptor, buffer: string, length: number, flags: string): Outcome {
  const { connection, socket } = descriptor;
  const isNonBlocking = descriptor.isNonBlocking || flags.includes('MSG_DONTWAIT');
  if (descriptor.isDatagram) {
    const code = descriptor.takeError();
    if (code !== undefined) return code;
    const datagram = socket?.received.take();
    if (datagram === undefined) return isNonBlocking ? 'EAGAIN' : 'pending';
    return Math.min(length, datagram.bytes.length);
  }
  if (connection === null) return 'ENOTCONN';
  if (connection.unread > 0) {
    if (buffer === 'NULL') return 'EFAULT';
    const wanted = Math.min(length, connection.unread);
    if (flags.includes('MSG_PEEK')) return connection.peek(wanted).length;
    if (flags.includes('MSG_WAITALL') && connection.unread < length && !connection.finReceived)
      return 'pending';
    return connection.read(new Uint8Array(wanted));
  }
  if (connection.error !== null) return connection.error.code;
  if (connection.finReceived || descriptor.isReadShut || connection.state === TcpState.CLOSED) return 0;
  return isNonBlocking ? 'EAGAIN' : 'pending';
}

export function write(
  world: World,
  d: Descriptor,
  buffer: string,
  length: number,
  flags: string,
  progress: Progress,
): Outcome {
  if (d.isDatagram) return sendDatagram(world, d, length);
  const { connection } = d;
  if (connection === null) return 'EPIPE';
  if (buffer === 'NULL') return 'EFAULT';
  if (flags.includes('MSG_ZEROCOPY')) throw new ScriptError("MSG_ZEROCOPY is Linux's own");
  if (flags.includes('MSG_FASTOPEN')) throw new ScriptError('fast open (RFC 7413) is not there');
  if (flags.includes('MSG_OOB')) return connection.writeUrgent(0x61) ? length : 'EPIPE';
  if (length === 0) return isIn(connection.state, MAY_SEND) ? 0 : 'EPIPE';
  const left = new Uint8Array(length - progress.written);
  const taken = flags.includes('MSG_MORE') ? writeMore(connection, left) : connection.write(left);
  if (taken < 0 && progress.written === 0) return connection.error?.code ?? 'EPIPE';
  progress.written += Math.max(0, taken);
  if (progress.written === length && flags.includes('MSG_EOR')) connection.endRecord();
  if (progress.written === length || taken < 0) return progress.written;
  if (d.isNonBlocking || flags.includes('MSG_DONTWAIT'))
    return progress.written > 0 ? progress.written : 'EAGAIN';
  return 'pending';
}

function sendDatagram({ udp, ends }: World, d: Descriptor, length: number): Outcome {
  d.socket ??= udp.open({ family: ends.family });
  try {
    d.socket.send(new Uint8Array(length), ends.remote, ends.port);
  } catch (error) {
    if (error instanceof NetError) return error.code;
    throw error;
  }
  return length;
}

export function sizeOf(vector: string): number {
  return [...vector.matchAll(/\{[^{}]*,\s*(\d+)\s*\}|iov_len=(\d+)/g)].reduce(
    (sum, match) => sum + Number(match[1] ?? match[2]),
    0,
  );
}

/** MSG_MORE: corked for this one call, and not to be pushed. */
function writeMore(c: Connection, bytes: Uint8Array): number {
  const { isCorked, pushSeq } = c;
  c.isCorked = true;
  const taken = c.write(bytes);
  c.isCorked = isCorked;
  c.pushSeq = pushSeq;
  return taken;
}
