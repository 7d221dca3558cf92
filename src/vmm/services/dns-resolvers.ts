/** This machine's resolvers, or others, and how one of them is asked: by a datagram, or by a stream for answers that are long. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { getServers } from 'node:dns';
import { connect } from 'node:net';

export interface Resolver {
  readonly address: string;
  readonly port: number;
}

type Done = (answer: Uint8Array | undefined) => void;

const PORT = 53;
const TIMEOUT_MS = 4000;
const HEADER_BYTES = 12;
const LENGTH_BYTES = 2;

export function ownResolvers(): Resolver[] {
  return getServers().map(parseResolver);
}

/** `192.0.2.1`, `192.0.2.1:5300`, `[2001:db8::1]:5300`. */
export function parseResolver(text: string): Resolver {
  const withPort = /^\[(.*)\]:(\d+)$|^([^:]+):(\d+)$/.exec(text);
  if (withPort === null) return { address: text, port: PORT };
  return { address: (withPort[1] ?? withPort[3])!, port: Number(withPort[2] ?? withPort[4]) };
}

/** One query to one resolver, from a port and with a number of its own, so that nobody can guess them (RFC 5452). */
export function ask(resolver: Resolver, query: Uint8Array, byStream: boolean, done: Done): void {
  const id = randomInt(0x10000);
  const own = Buffer.from(query);
  own.writeUInt16BE(id, 0);
  const heard = (message: Buffer): Uint8Array | undefined => {
    if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== id) return undefined;
    message.set(query.subarray(0, 2), 0);
    return message;
  };
  if (byStream) askByStream(resolver, own, (answer) => done(answer && heard(answer)));
  else askByDatagram(resolver, own, heard, done);
}

function askByDatagram(
  { address, port }: Resolver,
  query: Uint8Array,
  heard: (message: Buffer) => Uint8Array | undefined,
  done: Done,
): void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let isOver = false;
  const end = (answer: Uint8Array | undefined) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket.close();
    done(answer);
  };
  const timer = setTimeout(() => end(undefined), TIMEOUT_MS);
  socket.on('error', () => end(undefined));
  socket.on('message', (message) => {
    const answer = heard(message);
    if (answer !== undefined) end(answer);
  });
  socket.connect(port, address, () => socket.send(query));
}

function askByStream(
  { address, port }: Resolver,
  query: Uint8Array,
  done: (answer: Buffer | undefined) => void,
): void {
  let held = Buffer.alloc(0);
  let isOver = false;
  const end = (answer: Buffer | undefined) => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    done(answer);
  };
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(query.length);
  const socket = connect({ host: address, port }, () => socket.write(Buffer.concat([length, query])));
  socket.setTimeout(TIMEOUT_MS, () => end(undefined));
  socket.on('error', () => end(undefined));
  socket.on('close', () => end(undefined));
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    const whole = held.length < LENGTH_BYTES ? Infinity : LENGTH_BYTES + held.readUInt16BE(0);
    if (held.length >= whole) end(held.subarray(LENGTH_BYTES, whole));
  });
}
