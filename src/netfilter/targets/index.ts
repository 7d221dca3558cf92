/** Every target extension there is. Adding one means adding its file and its line here. */
import type { TargetExtension } from '../extension.ts';
import { connmarkTarget } from './connmark.ts';
import { ct, notrack } from './ct.ts';
import { dnat } from './dnat.ts';
import { log } from './log.ts';
import { mark } from './mark.ts';
import { masquerade } from './masquerade.ts';
import { netmap } from './netmap.ts';
import { nflog } from './nflog.ts';
import { nfqueue } from './nfqueue.ts';
import { redirect } from './redirect.ts';
import { reject } from './reject.ts';
import { snat } from './snat.ts';
import { tcpmss } from './tcpmss.ts';
import { dscpTarget, tosTarget } from './tos.ts';
import { trace } from './trace.ts';
import { hlTarget, ttlTargetV4 } from './ttl.ts';

export const TARGETS: readonly TargetExtension[] = [
  connmarkTarget,
  ct,
  dnat,
  dscpTarget,
  hlTarget,
  log,
  mark,
  masquerade,
  netmap,
  nflog,
  nfqueue,
  notrack,
  redirect,
  reject,
  snat,
  tcpmss,
  tosTarget,
  trace,
  ttlTargetV4,
];
