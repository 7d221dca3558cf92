/** What SIP's helpers declare. Source: nf_conntrack_sip. */
import type { ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import { LOWEST_PORT, type HelperFacts } from '../helper-facts.ts';
import { CallState } from '../media/call-table.ts';
import { mediaPolicies } from '../media/classes.ts';
import { MAX_MEDIA } from '../media/sdp.ts';
import { MAX_HEAD, MAX_MESSAGE } from './grammar.ts';
import { SIP_PORT } from './kernel-text.ts';

/** A registration or call lives on while nothing is said. */
export const SIP_TIMEOUT_US = 3600_000_000;
/** Calls of a connection at a time. */
export const MAX_CALLS = 1024;
export const MediaClass = { SIGNALLING: 0, AUDIO: 1, VIDEO: 2, IMAGE: 3 } as const;
export type MediaClass = (typeof MediaClass)[keyof typeof MediaClass];

const THREE_MINUTES_US = 180_000_000;

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
    { what: 'first line and headers', value: MAX_HEAD, unit: 'bytes' },
    { what: 'a message', value: MAX_MESSAGE, unit: 'bytes' },
    { what: 'calls of a connection at a time', value: MAX_CALLS, unit: '' },
    { what: 'streams of a session description', value: MAX_MEDIA, unit: '' },
    LOWEST_PORT,
    { what: 'a connection lives on without a message', value: SIP_TIMEOUT_US / 1_000_000, unit: 's' },
  ],
  states: {
    of: 'the calls of a connection, the last one that moved',
    states: [
      {
        name: CallState.CALLING,
        enteredWith: 'INVITE',
        pinholes: "the caller's, where it has a description",
      },
      {
        name: CallState.RINGING,
        enteredWith: '180 and above',
        pinholes: "the callee's too, where it has one (early media)",
      },
      { name: CallState.ANSWERED, enteredWith: '200', pinholes: 'those of both' },
      {
        name: CallState.ESTABLISHED,
        enteredWith: 'ACK',
        pinholes: 'stay; what came through them is a connection by now',
      },
      { name: CallState.ENDED, enteredWith: 'BYE', pinholes: 'closed, and what came through is ended' },
      { name: CallState.FAILED, enteredWith: '300 and above', pinholes: 'closed' },
      { name: CallState.CANCELLED, enteredWith: '487 after CANCEL', pinholes: 'closed' },
    ],
  },
} as const satisfies HelperFacts;
