/**
 * The path of a control socket. Whoever may write there commands the instance, so only its owner may; a path at which
 * somebody listens, or that is something else than a socket, is left alone; a socket that nobody listens at is replaced.
 */
import { chmodSync, lstatSync, rmSync, type Stats } from 'node:fs';
import { connect, type Server } from 'node:net';
import { SluiceError } from '../base/errors.ts';

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** Rejects with a SluiceError. */
export async function listenAt(server: Server, path: string): Promise<void> {
  await checkSocketPath(path);
  try {
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      // The socket is made within the call: from its first moment nobody else can connect.
      const before = process.umask(OTHERS);
      server.listen({ path }, () => {
        server.off('error', failed);
        listening();
      });
      process.umask(before);
    });
    chmodSync(path, OWNER_ONLY);
  } catch (error) {
    throw refusal(path, (error as Error).message);
  }
}

/** Rejects with a SluiceError unless a control socket can be had at the path; also for those who want it only later. */
export async function checkSocketPath(path: string): Promise<void> {
  const found = statOf(path);
  if (found === null) return;
  if (!found.isSocket()) throw refusal(path, 'this is there already, and is no socket');
  if (await isAnswered(path)) throw refusal(path, 'somebody listens there already');
  rmSync(path, { force: true });
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    // Not there, or not to be had: listening will say which.
    return null;
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // Only this says that nobody is there; not being allowed to ask does not.
      answer(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

function refusal(path: string, message: string): SluiceError {
  return new SluiceError('CONTROL', message, { file: path });
}
