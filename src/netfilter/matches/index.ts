/** Every match there is. Adding one means adding its file and its line here. */
import type { MatchExtension } from '../extension.ts';

export const MATCHES: readonly MatchExtension[] = [];
