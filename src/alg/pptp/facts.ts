/** What PPTP's helpers declare. Source: nf_conntrack_pptp. */
import { FIVE_MINUTES_US, type HelperFacts } from '../helper-facts.ts';
import { MAX_CALLS } from './calls.ts';
import { CallState } from './session.ts';

export const PPTP: HelperFacts = {
  name: 'pptp',
  families: [4],
  transports: ['tcp'],
  port: 1723,
  about: 'GRE of PPTP’s calls (RFC 2637)',
  linux: 'nf_conntrack_pptp, nf_nat_pptp',
  // GRE each way.
  policies: [{ name: 'pptp', maxExpected: 2, timeoutUs: FIVE_MINUTES_US }],
  strictPolicies: [{ name: 'pptp', maxExpected: 2 * MAX_CALLS, timeoutUs: FIVE_MINUTES_US }],
  limits: [['calls of a control connection at a time (Linux: 1)', MAX_CALLS]],
  states: {
    of: 'the call of a control connection that was spoken of last',
    states: [
      [CallState.OUT_REQUESTED, 'Outgoing-Call-Request of the client', '–'],
      [CallState.OUT_CONFIRMED, 'Outgoing-Call-Reply that agrees', 'GRE, each way'],
      [CallState.IN_REQUESTED, 'Incoming-Call-Request of the server', '–'],
      [CallState.IN_REPLIED, 'Incoming-Call-Reply that agrees', '–'],
      [CallState.IN_CONFIRMED, 'Incoming-Call-Connected', 'GRE, each way'],
      [
        CallState.NONE,
        'Call-Disconnect-Notify, or a reply that refuses',
        'closed, and what came through ends',
      ],
    ],
  },
};
