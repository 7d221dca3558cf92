/** Every target extension there is. Adding one means adding its file and its line here. */
import type { TargetExtension } from '../extension.ts';
import { mark } from './mark.ts';

export const TARGETS: readonly TargetExtension[] = [mark];
