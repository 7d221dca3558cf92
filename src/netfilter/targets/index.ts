/** Every target extension there is. Adding one means adding its file and its line here. */
import type { TargetExtension } from '../extension.ts';
import { audit } from './audit.ts';
import { checksumTarget } from './checksum.ts';
import { classify } from './classify.ts';
import { clusterip } from './clusterip.ts';
import { connmarkTarget } from './connmark.ts';
import { ct, notrack } from './ct.ts';
import { dnat } from './dnat.ts';
import { ecnTarget } from './ecn.ts';
import { hmark } from './hmark.ts';
import { idletimer } from './idletimer.ts';
import { led } from './led.ts';
import { log } from './log.ts';
import { mark } from './mark.ts';
import { masquerade } from './masquerade.ts';
import { netmap } from './netmap.ts';
import { nflog } from './nflog.ts';
import { nfqueue } from './nfqueue.ts';
import { dnpt, snpt } from './npt.ts';
import { rateestTarget } from './rateest.ts';
import { redirect } from './redirect.ts';
import { reject } from './reject.ts';
import { connsecmark, secmark } from './secmark.ts';
import { setTarget } from './set.ts';
import { snat } from './snat.ts';
import { synproxy } from './synproxy.ts';
import { tcpmss } from './tcpmss.ts';
import { tcpoptstrip } from './tcpoptstrip.ts';
import { tee } from './tee.ts';
import { dscpTarget, tosTarget } from './tos.ts';
import { tproxy } from './tproxy.ts';
import { trace } from './trace.ts';
import { hlTarget, ttlTargetV4 } from './ttl.ts';
import { ulog } from './ulog.ts';

export const TARGETS: readonly TargetExtension[] = [
  audit,
  checksumTarget,
  classify,
  clusterip,
  connmarkTarget,
  connsecmark,
  ct,
  dnat,
  dnpt,
  dscpTarget,
  ecnTarget,
  hlTarget,
  hmark,
  idletimer,
  led,
  log,
  mark,
  masquerade,
  netmap,
  nflog,
  nfqueue,
  notrack,
  rateestTarget,
  redirect,
  reject,
  secmark,
  setTarget,
  snat,
  snpt,
  synproxy,
  tcpmss,
  tcpoptstrip,
  tee,
  tosTarget,
  tproxy,
  trace,
  ttlTargetV4,
  ulog,
];
