/**
 * A web server for servers of one's own: HTTP/1.1 (RFC 9112) on a guest's connection, the platform's Request and Response
 * inside. One request a connection, which ends with the answer. No TLS.
 */
import { HttpMistake, MessageReader, type RequestHead } from './http-message.ts';
import type { Service, Visit } from './server.ts';

export type HttpHandler = (request: Request) => Response | Promise<Response>;

/** Of an answer that went through `fetch`, these say what is no longer so. */
const OF_THE_CONNECTION = [
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
];
const BAD_GATEWAY = 502;

/** The service of a port: `ports: { 80: http((request) => new Response('hello')) }`. */
export function http(handle: HttpHandler): Service {
  return async (visit) => {
    const writer = visit.writable.getWriter();
    const message = new MessageReader(visit.readable);
    const send = (text: string) => writer.write(new TextEncoder().encode(text));
    const { isHead, response } = await answer(handle, message, visit, send);
    if (response !== undefined) {
      await send(headOf(response));
      if (!isHead && response.body !== null) {
        for await (const chunk of response.body) await writer.write(chunk as Uint8Array);
      }
    }
    await writer.close();
  };
}

/** A handler that asks the world for what it is asked: in a browser, as far as the other site lets pages of others (CORS). */
export async function throughFetch(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    const headers = new Headers(answer.headers);
    for (const name of OF_THE_CONNECTION) headers.delete(name);
    return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
  } catch (error) {
    return new Response(`${request.url}: ${(error as Error).message}\n`, { status: BAD_GATEWAY });
  }
}

async function answer(
  handle: HttpHandler,
  message: MessageReader,
  visit: Visit,
  send: (text: string) => Promise<void>,
): Promise<{ readonly isHead: boolean; readonly response: Response | undefined }> {
  try {
    const head = await message.head();
    if (head === undefined) return { isHead: false, response: undefined };
    if (head.headers.get('expect')?.toLowerCase() === '100-continue')
      await send('HTTP/1.1 100 Continue\r\n\r\n');
    const request = requestOf(head, await message.body(head), visit);
    return { isHead: head.method === 'HEAD', response: await handle(request) };
  } catch (error) {
    const status = error instanceof HttpMistake ? error.status : 500;
    return { isHead: false, response: new Response(`${(error as Error).message}\n`, { status }) };
  }
}

function requestOf(
  { method, target, headers }: RequestHead,
  body: Uint8Array<ArrayBuffer>,
  { to }: Visit,
): Request {
  const place = headers.get('host') ?? (to.address.includes(':') ? `[${to.address}]` : to.address);
  try {
    const url = new URL(target, `http://${place}`);
    return new Request(url, { method, headers, ...(body.length > 0 ? { body } : {}) });
  } catch {
    // A host or a method that the platform does not take.
    throw new HttpMistake(400, `${method} ${target}: not here`);
  }
}

function headOf({ status, statusText, headers }: Response): string {
  const lines = [`HTTP/1.1 ${status} ${statusText || (status < 400 ? 'OK' : 'Error')}`];
  headers.forEach((value, name) => {
    if (!OF_THE_CONNECTION.includes(name) || name === 'content-length') lines.push(`${name}: ${value}`);
  });
  return [...lines, 'connection: close', '', ''].join('\r\n');
}
