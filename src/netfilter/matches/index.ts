/** Every match there is. Adding one means adding its file and its line here. */
import type { MatchExtension } from '../extension.ts';
import { length } from './length.ts';
import { tcp } from './tcp.ts';
import { udp } from './udp.ts';

export const MATCHES: readonly MatchExtension[] = [length, tcp, udp];
