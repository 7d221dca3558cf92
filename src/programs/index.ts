/** Every program there is. Adding one means adding its file and its line here. */
import type { Program } from './program.ts';

export type { LiveHost, LiveNode, LiveSwitch } from './live-node.ts';
export type { Call, Interrupt, Program, ProgramIo, TextOutput, Values } from './program.ts';

export const PROGRAMS: readonly Program[] = [];

export function programNamed(name: string): Program | undefined {
  return PROGRAMS.find((program) => program.name === name);
}
