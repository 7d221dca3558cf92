/** What a program has of the process around it, or of who called it over a socket. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RulesIo } from '../programs/rules/io.ts';
import { readBoundedText } from '../replay/bounded-text.ts';

export interface ProgramIo extends Omit<RulesIo, 'readFile' | 'writeFile'> {
  /** What the names of files are relative to. */
  readonly cwd: string;
}

/** With the files and the time zone of this machine. */
export function onThisMachine(io: ProgramIo): RulesIo {
  return {
    ...io,
    zoneMinutes: (atUs) => -new Date(atUs / 1000).getTimezoneOffset(),
    readFile: (path) => readBoundedText(resolve(io.cwd, path)),
    writeFile: (path, text) => writeFileSync(resolve(io.cwd, path), text),
  };
}
