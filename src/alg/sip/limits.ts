/** What SIP's helpers declare. Source: nf_conntrack_sip. */
import type { ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';

export { SIP_PORT } from './kernel-text.ts';

/** A registration or call lives on while nothing is said. */
export const SIP_TIMEOUT_US = 3600_000_000;

export const SipClass = { SIGNALLING: 0, AUDIO: 1, VIDEO: 2, IMAGE: 3 } as const;
export type SipClass = (typeof SipClass)[keyof typeof SipClass];

const THREE_MINUTES_US = 180_000_000;

/** Of a medium: RTP and RTCP, of both ends. */
export const LINUX_SIP_POLICIES: readonly ExpectPolicy[] = [
  { name: 'signalling', maxExpected: 1, timeoutUs: THREE_MINUTES_US },
  { name: 'audio', maxExpected: 4, timeoutUs: THREE_MINUTES_US },
  { name: 'video', maxExpected: 4, timeoutUs: THREE_MINUTES_US },
  { name: 'image', maxExpected: 2, timeoutUs: THREE_MINUTES_US },
];

/** A trunk carries many calls on one connection; each ends its own. */
export const STRICT_SIP_POLICIES: readonly ExpectPolicy[] = LINUX_SIP_POLICIES.map((policy) => ({
  ...policy,
  maxExpected: policy.name === 'signalling' ? policy.maxExpected : 512,
}));
