/** poll(2) of scripts: `poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1`. */
import { sendRoom } from '../../../../src/stack/tcp/send-buffer.ts';
import { isIn, MAY_SEND, TcpState } from '../../../../src/stack/tcp/states.ts';
import type { Descriptor } from './descriptors.ts';
import { WrongValue, type Outcome } from './outcome.ts';
import { ScriptError } from './script.ts';

const US_PER_MS = 1000;
/** Told whether asked for or not. */
export const ALWAYS = new Set(['POLLERR', 'POLLHUP']);

export function poll(
  [list = '', , timeout = '0']: readonly string[],
  since: number,
  now: number,
  at: (fd: number) => Descriptor,
): Outcome {
  let ready = 0;
  const wrong: string[] = [];
  for (const [entry] of list.matchAll(/\{[^}]*\}/g)) {
    const asked = new Set(flagsOf(entry, 'events'));
    const found = readiness(at(Number(field(entry, 'fd')))).filter(
      (word) => asked.has(word) || ALWAYS.has(word),
    );
    if (found.length > 0) ready++;
    const expected = flagsOf(entry, 'revents');
    if (field(entry, 'revents') !== '...' && !sameWords(found, expected))
      wrong.push(`revents is ${found.join('|') || '0'}, not ${expected.join('|') || '0'}`);
  }
  if (ready === 0 && !isOver(timeout, since, now)) return 'pending';
  if (wrong.length > 0) throw new WrongValue(wrong.join('; '));
  return ready;
}

export function readiness({ connection: c, listener, socket }: Descriptor): string[] {
  if (socket !== null) return socket.received.count > 0 ? ['POLLIN', 'POLLOUT'] : ['POLLOUT'];
  if (listener !== null) return listener.queue.length > 0 ? ['POLLIN', 'POLLRDNORM'] : [];
  if (c === null) throw new ScriptError('poll of a socket without a connection');
  const words: string[] = [];
  const isClosed = c.state === TcpState.CLOSED;
  if (c.unread > 0 || c.finReceived || isClosed) words.push('POLLIN', 'POLLRDNORM');
  if (c.finReceived || isClosed) words.push('POLLRDHUP');
  const maySend = isIn(c.state, MAY_SEND) && !c.finQueued;
  if (isClosed || c.finQueued || (maySend && 3 * sendRoom(c) > c.sendBuffer))
    words.push('POLLOUT', 'POLLWRNORM');
  if (c.error !== null) words.push('POLLERR');
  if (isClosed || (c.finReceived && c.finQueued)) words.push('POLLHUP');
  return words;
}

export function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word) => b.includes(word));
}

/** `name=value` of an entry in braces. */
export function field(entry: string, name: string): string {
  return new RegExp(`\\b${name}\\s*=\\s*([\\w|. ]+)`).exec(entry)?.[1]?.trim() ?? '';
}

export function flagsOf(entry: string, name: string): string[] {
  return field(entry, name)
    .split(/\s*\|\s*/)
    .filter((word) => word !== '' && word !== '0');
}

/** A timeout in milliseconds, -1 for none. */
export function isOver(timeout: string, since: number, now: number): boolean {
  return timeout === '0' || (Number(timeout) > 0 && now - since >= Number(timeout) * US_PER_MS);
}
