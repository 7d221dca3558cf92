/** Streams between our TCP and the kernel's, checked by their hashes. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { KERNEL_ADDRESS, PEER_PORT, type KernelSession } from './session.ts';

export const BLOCK = Buffer.from(Uint8Array.from({ length: 1 << 16 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));

export function expectedHash(bytes: number): string {
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= BLOCK.length)
    hash.update(BLOCK.subarray(0, Math.min(left, BLOCK.length)));
  return hash.digest('hex');
}

export interface Result {
  readonly ok: boolean;
  readonly seconds: number;
}

/** From us to the kernel. */
export async function upload(session: KernelSession, family: 4 | 6, bytes: number): Promise<Result> {
  const socket = session.net.connect(PEER_PORT, KERNEL_ADDRESS[family]);
  await once(socket, 'connect');
  const start = process.hrtime.bigint();
  socket.write('sink\n');
  for (let left = bytes; left > 0; left -= BLOCK.length) {
    if (!socket.write(BLOCK.subarray(0, Math.min(left, BLOCK.length)))) await once(socket, 'drain');
  }
  socket.end();
  let answer = '';
  for await (const chunk of socket) answer += (chunk as Buffer).toString();
  return {
    ok: answer === `${bytes} ${expectedHash(bytes)}\n`,
    seconds: Number(process.hrtime.bigint() - start) / 1e9,
  };
}

/** From the kernel to us, under its default congestion control or another. */
export async function download(
  session: KernelSession,
  family: 4 | 6,
  bytes: number,
  algorithm = '',
): Promise<Result> {
  const socket = session.net.connect({ port: PEER_PORT, host: KERNEL_ADDRESS[family], allowHalfOpen: true });
  await once(socket, 'connect');
  const start = process.hrtime.bigint();
  socket.write(`source ${bytes} ${algorithm}\n`);
  const hash = createHash('sha256');
  let got = 0;
  for await (const chunk of socket) {
    hash.update(chunk as Buffer);
    got += (chunk as Buffer).length;
  }
  socket.end();
  return {
    ok: got === bytes && hash.digest('hex') === expectedHash(bytes),
    seconds: Number(process.hrtime.bigint() - start) / 1e9,
  };
}
