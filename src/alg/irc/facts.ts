/** What both of IRC's helpers declare. Source: nf_conntrack_irc. */
import { FIVE_MINUTES_US, LOWEST_PORT, type HelperFacts } from '../helper-facts.ts';

export const IRC: HelperFacts = {
  name: 'irc',
  families: [4],
  transports: ['tcp'],
  port: 6667,
  about: 'connections that a client of IRC offers another (DCC)',
  linux: 'nf_conntrack_irc, nf_nat_irc',
  policies: [{ name: 'irc', maxExpected: 8, timeoutUs: FIVE_MINUTES_US }],
  limits: [LOWEST_PORT],
};
