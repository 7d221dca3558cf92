/** What PPTP's helpers declare: GRE each way. Source: nf_conntrack_pptp. */
import type { ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';

export const PPTP_POLICIES: readonly ExpectPolicy[] = [
  { name: 'pptp', maxExpected: 2, timeoutUs: 300_000_000 },
];
