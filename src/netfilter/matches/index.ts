/** Every match there is. Adding one means adding its file and its line here. */
import type { MatchExtension } from '../extension.ts';
import { addrtype } from './addrtype.ts';
import { comment } from './comment.ts';
import { connbytes } from './connbytes.ts';
import { connmark } from './connmark.ts';
import { conntrack } from './conntrack.ts';
import { dscp } from './dscp.ts';
import { helper } from './helper.ts';
import { hl } from './hl.ts';
import { icmp } from './icmp.ts';
import { icmp6 } from './icmp6.ts';
import { iprange } from './iprange.ts';
import { length } from './length.ts';
import { limit } from './limit.ts';
import { mac } from './mac.ts';
import { mark } from './mark.ts';
import { multiport } from './multiport.ts';
import { pkttype } from './pkttype.ts';
import { recent } from './recent.ts';
import { state } from './state.ts';
import { statistic } from './statistic.ts';
import { string } from './string.ts';
import { tcp } from './tcp.ts';
import { tos } from './tos.ts';
import { ttl } from './ttl.ts';
import { u32 } from './u32.ts';
import { udp } from './udp.ts';

export const MATCHES: readonly MatchExtension[] = [
  addrtype,
  comment,
  connbytes,
  connmark,
  conntrack,
  dscp,
  helper,
  hl,
  icmp,
  icmp6,
  iprange,
  length,
  limit,
  mac,
  mark,
  multiport,
  pkttype,
  recent,
  state,
  statistic,
  string,
  tcp,
  tos,
  ttl,
  u32,
  udp,
];
