/** What PPTP's helpers declare. Source: nf_conntrack_pptp. */
import type { HelperFacts } from '../helper-facts.ts';
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
  policies: [{ name: 'pptp', maxExpected: 2, timeoutUs: 300_000_000 }],
  strictPolicies: [{ name: 'pptp', maxExpected: 2 * MAX_CALLS, timeoutUs: 300_000_000 }],
  limits: [{ what: 'calls of a control connection at a time (Linux: 1)', value: MAX_CALLS, unit: '' }],
  states: {
    of: 'the call of a control connection that was spoken of last',
    states: [
      { name: CallState.OUT_REQUESTED, enteredWith: 'Outgoing-Call-Request of the client', pinholes: '–' },
      {
        name: CallState.OUT_CONFIRMED,
        enteredWith: 'Outgoing-Call-Reply that agrees',
        pinholes: 'GRE, each way',
      },
      { name: CallState.IN_REQUESTED, enteredWith: 'Incoming-Call-Request of the server', pinholes: '–' },
      { name: CallState.IN_REPLIED, enteredWith: 'Incoming-Call-Reply that agrees', pinholes: '–' },
      { name: CallState.IN_CONFIRMED, enteredWith: 'Incoming-Call-Connected', pinholes: 'GRE, each way' },
      {
        name: CallState.NONE,
        enteredWith: 'Call-Disconnect-Notify, or a reply that refuses',
        pinholes: 'closed, and what came through ends',
      },
    ],
  },
};
