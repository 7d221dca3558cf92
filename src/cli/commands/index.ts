/** Every command there is. Adding one means adding its file and its line here; files load their work when they run. */
import type { CommandSpec } from '../command.ts';
import { calls } from './calls.ts';
import { conform } from './conform.ts';
import { flows } from './flows.ts';
import { lab } from './lab.ts';
import { net } from './net.ts';
import { replay } from './replay.ts';
import { shell } from './shell.ts';
import { test } from './test.ts';

export const COMMANDS: readonly CommandSpec[] = [replay, flows, calls, test, lab, net, shell, conform];
