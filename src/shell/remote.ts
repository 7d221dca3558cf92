/** A program run by a running instance: words and standard input go there, what it prints comes back. */
import { ControlClient } from '../control/index.ts';
import { withFailuresSaid } from './ending.ts';
import type { PlaceWords } from './index.ts';
import type { ProgramIo } from './program-io.ts';

export function runRemotely(
  { socket, node }: PlaceWords,
  name: string,
  args: readonly string[],
  io: ProgramIo,
): Promise<number> {
  return withFailuresSaid(name, io, () => run(socket, node, [name, ...args], io));
}

async function run(socket: string, node: string, argv: readonly string[], io: ProgramIo): Promise<number> {
  const client = await ControlClient.connect(socket);
  const aborter = new AbortController();
  const cancel = () => aborter.abort();
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  try {
    return await client.run(
      { argv, ...(node === '' ? {} : { node }) },
      {
        out: (text) => print(io.out, text),
        err: (text) => print(io.err, text),
        readInput: async () => io.readInput(),
        cwd: io.cwd,
        cancelled: aborter.signal,
        pointAt: () => {},
      },
    );
  } finally {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
    client.close();
  }
}

/** At once: what is watched is wanted as it happens. */
function print(output: ProgramIo['out'], text: string): void {
  output.write(text);
  output.flush();
}
