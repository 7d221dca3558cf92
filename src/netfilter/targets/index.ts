/** Every target extension there is. Adding one means adding its file and its line here. */
import type { TargetExtension } from '../extension.ts';
import { dnat } from './dnat.ts';
import { mark } from './mark.ts';
import { masquerade } from './masquerade.ts';
import { netmap } from './netmap.ts';
import { redirect } from './redirect.ts';
import { snat } from './snat.ts';

export const TARGETS: readonly TargetExtension[] = [dnat, mark, masquerade, netmap, redirect, snat];
