/** poll(2) of scripts: `poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1`. */
import { sendRoom } from '../../../../src/stack/tcp/send-buffer.ts';
import { isIn, MAY_SEND, TcpState } from '../../../../src/stack/tcp/states.ts';
import type { Descriptor } from './descriptors.ts';
import { WrongValue, type Outcome } from './outcome.ts';
import { ScriptError } from './script.ts';

const US_PER_MS = 1000;
const ALWAYS = new Set(['POLLERR', 'POLLHUP']);

export function poll(
  [list = '', , timeout = '0']: readonly string[],
  since: number,
  now: number,
  at: (fd: number) => Descriptor,
): Outcome {
  let ready = 0;
  const wrong: string[] = [];
  for (const [entry] of list.matchAll(/\{[^}]*\}/g)) {
    const field = (name: string) =>
      new RegExp(`\\b${name}\\s*=\\s*([\\w|. ]+)`).exec(entry)?.[1]?.trim() ?? '';
    const asked = new Set(field('events').split(/\s*\|\s*/));
    const found = readiness(at(Number(field('fd')))).filter((word) => asked.has(word) || ALWAYS.has(word));
    if (found.length > 0) ready++;
    const expected = field('revents')
      .split(/\s*\|\s*/)
      .filter((word) => word !== '' && word !== '0');
    if (field('revents') !== '...' && !sameWords(found, expected))
      wrong.push(`revents is ${found.join('|') || '0'}, not ${expected.join('|') || '0'}`);
  }
  const isOver = timeout === '0' || (Number(timeout) > 0 && now - since >= Number(timeout) * US_PER_MS);
  if (ready === 0 && !isOver) return 'pending';
  if (wrong.length > 0) throw new WrongValue(wrong.join('; '));
  return ready;
}

function readiness({ connection: c, listener, socket }: Descriptor): string[] {
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

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word) => b.includes(word));
}
