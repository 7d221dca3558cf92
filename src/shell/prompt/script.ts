/** Scripts: lines one after the other, up to the first that fails, which is named. */
import type { Session } from './session.ts';

/** The status of the last line that ran. */
export async function runScript(
  session: Session,
  lines: AsyncIterable<string> | Iterable<string>,
  name: string,
  complain: (message: string) => void,
): Promise<number> {
  let number = 0;
  let status = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    status = await session.enter(line);
    if (session.isOver) return status;
    if (status !== 0) {
      complain(`${name}:${number}: ended with status ${status}: ${line.trim()}\n`);
      return status;
    }
  }
  return status;
}
