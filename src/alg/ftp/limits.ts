/** What both of FTP's helpers declare. Source: nf_conntrack_ftp. */
import type { ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';

export const FTP_PORT = 21;

/** One data connection at a time, which has to come within five minutes. */
export const FTP_POLICIES: readonly ExpectPolicy[] = [
  { name: 'ftp', maxExpected: 1, timeoutUs: 300_000_000 },
];
