/** Every target extension there is. Adding one means adding its file and its line here. */
import type { TargetExtension } from '../extension.ts';

export const TARGETS: readonly TargetExtension[] = [];
