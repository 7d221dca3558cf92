/** What SIP's helpers declare. Source: nf_conntrack_sip. */
import type { ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import { LOWEST_PORT, THREE_MINUTES_US, type HelperFacts } from '../helper-facts.ts';
import { CallState } from '../media/call-table.ts';
import { mediaPolicies } from '../media/classes.ts';
import { MAX_MEDIA } from '../media/sdp.ts';
import { MAX_HEAD, MAX_MESSAGE } from './grammar.ts';
import { MAX_LEGS } from './legs.ts';
import { SIP_PORT } from './kernel-text.ts';

/** A registration or call lives on while nothing is said. */
export const SIP_TIMEOUT_US = 3600_000_000;
/** Calls of a connection at a time. */
export const MAX_CALLS = 1024;

/** Of a medium: RTP and RTCP, of both ends. */
const LINUX_POLICIES: readonly ExpectPolicy[] = [
  { name: 'signalling', maxExpected: 1, timeoutUs: THREE_MINUTES_US },
  { name: 'audio', maxExpected: 4, timeoutUs: THREE_MINUTES_US },
  { name: 'video', maxExpected: 4, timeoutUs: THREE_MINUTES_US },
  { name: 'image', maxExpected: 2, timeoutUs: THREE_MINUTES_US },
];

export const SIP = {
  name: 'sip',
  families: [4, 6],
  transports: ['udp', 'tcp'],
  port: SIP_PORT,
  about: 'calls and registrations of SIP, with their media (RFC 3261, 3264, 8866)',
  linux: 'nf_conntrack_sip, nf_nat_sip',
  policies: LINUX_POLICIES,
  // A trunk carries many calls on one connection.
  strictPolicies: mediaPolicies(1),
  limits: [
    ['first line and headers', MAX_HEAD, 'bytes'],
    ['a message', MAX_MESSAGE, 'bytes'],
    ['calls of a connection at a time', MAX_CALLS],
    ['answers to one INVITE', MAX_LEGS],
    ['streams of a session description', MAX_MEDIA],
    LOWEST_PORT,
    ['a connection lives on without a message', SIP_TIMEOUT_US / 1_000_000, 's'],
  ],
  states: {
    of: 'the calls of a connection, the last one that moved',
    states: [
      [CallState.CALLING, 'INVITE', "the caller's, where it has a description"],
      [CallState.RINGING, '180 and above', "the callee's too, where it has one (early media)"],
      [CallState.ANSWERED, '200', 'those of both'],
      [CallState.ESTABLISHED, 'ACK', 'stay; what came through them is a connection by now'],
      [CallState.ENDED, 'BYE', 'closed, and what came through is ended'],
      [CallState.FAILED, '300 and above', 'closed'],
      [CallState.CANCELLED, '487 after CANCEL', 'closed'],
    ],
  },
} as const satisfies HelperFacts;
