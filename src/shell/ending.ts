/** How a program ends that the executable runs: what it printed goes out, and what went wrong is said as programs say it. */
import { failureOf } from '../programs/rules/failure.ts';
import type { ProgramIo } from './program-io.ts';

/** The exit status. Rejects for defects only. */
export async function withFailuresSaid(
  program: string,
  io: ProgramIo,
  run: () => number | Promise<number>,
): Promise<number> {
  try {
    const status = await run();
    io.out.flush();
    io.err.flush();
    return status;
  } catch (error) {
    const failure = failureOf(program, error);
    if (failure === null) throw error;
    io.out.flush();
    io.err.write(failure.text);
    io.err.flush();
    return failure.status;
  }
}
