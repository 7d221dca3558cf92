/** Transfers whose other end is a program of the kernel's side: curl, iperf3. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { Iperf3Server } from './iperf3.ts';
import { OUR_ADDRESS, type KernelSession } from './session.ts';
import { BLOCK, expectedHash, type Result } from './transfer.ts';

const IPERF3_PORT = 5201;

function* blocks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= BLOCK.length)
    yield BLOCK.subarray(0, Math.min(left, BLOCK.length));
}

function hostOf(family: 4 | 6): string {
  return family === 4 ? OUR_ADDRESS[4] : `[${OUR_ADDRESS[6]}]`;
}

/** A site that gives as many bytes as its path says, and answers what it is put with the hash of it. */
export async function withSite<T>(session: KernelSession, use: () => Promise<T>): Promise<T> {
  const site = http.createServer((request, response) => {
    if (request.method === 'GET') {
      const bytes = Number(request.url!.slice(1));
      response.setHeader('content-length', bytes);
      void pipeline(Readable.from(blocks(bytes)), response).catch(() => response.destroy());
      return;
    }
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => response.end(`${hash.digest('hex')}\n`));
  });
  // Node gives a request five minutes; a slow link needs more.
  site.requestTimeout = 0;
  const listening = session.net.serve(site, 80);
  await once(listening, 'listening');
  try {
    return await use();
  } finally {
    listening.close();
  }
}

async function timed(run: () => Promise<boolean>): Promise<Result> {
  const start = process.hrtime.bigint();
  const ok = await run();
  return { ok, seconds: Number(process.hrtime.bigint() - start) / 1e9 };
}

/** curl fetches from our HTTP server. */
export function curlDownload(session: KernelSession, family: 4 | 6, bytes: number): Promise<Result> {
  return timed(async () => {
    const command = `curl -gsS http://${hostOf(family)}/${bytes} | sha256sum`;
    return (await session.run('sh', '-c', command)).startsWith(expectedHash(bytes));
  });
}

/** curl puts to our HTTP server. */
export function curlUpload(session: KernelSession, family: 4 | 6, bytes: number): Promise<Result> {
  return timed(async () => {
    const source = `python3 ${session.script('block.py')} ${bytes}`;
    const command = `${source} | curl -gsS -T - http://${hostOf(family)}/put`;
    return (await session.run('sh', '-c', command)).startsWith(expectedHash(bytes));
  });
}

/** iperf3 sends over so many streams to a server of ours, or has it send. */
export async function iperf3(
  session: KernelSession,
  family: 4 | 6,
  bytes: number,
  streams: number,
  isReverse: boolean,
): Promise<Result & { readonly server: Iperf3Server['last'] }> {
  const server = await Iperf3Server.open(session.net, IPERF3_PORT);
  try {
    let report = '';
    const { seconds } = await timed(async () => {
      const words = ['-c', OUR_ADDRESS[family], '-p', String(IPERF3_PORT), '-J', '-n', String(bytes)];
      if (isReverse) words.push('-R');
      report = await session.run('iperf3', ...words, '-P', String(streams), '-C', 'cubic');
      return true;
    });
    const { end, error } = JSON.parse(report) as {
      end: { sum_received?: { bytes: number } };
      error?: string;
    };
    const received = end.sum_received?.bytes ?? 0;
    return {
      ok: error === undefined && received >= bytes && server.last?.streams === streams,
      seconds,
      server: server.last,
    };
  } finally {
    server.close();
  }
}
