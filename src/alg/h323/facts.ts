/** What H.323's helpers declare: RAS, call signalling (Q.931) and control (H.245). Source: nf_conntrack_h323. */
import { LOWEST_PORT, type HelperFacts } from '../helper-facts.ts';

/** Pairs of ports of RTP and RTCP that a control connection may have under translation. */
export const MAX_CHANNELS = 4;
/** A registration lives for so long when nobody says. */
export const REGISTRATION_SECONDS = 300;
/** What an unregistration may take. */
export const UNREGISTRATION_US = 30_000_000;
const FOUR_MINUTES_US = 240_000_000;

const SHARED = { families: [4, 6], linux: 'nf_conntrack_h323, nf_nat_h323' } as const;

export const RAS: HelperFacts = {
  ...SHARED,
  name: 'RAS',
  transports: ['udp'],
  port: 1719,
  about: 'registrations and admissions of H.323 (H.225.0 RAS)',
  policies: [{ name: 'RAS', maxExpected: 32, timeoutUs: FOUR_MINUTES_US }],
  limits: [LOWEST_PORT],
};

export const Q931: HelperFacts = {
  ...SHARED,
  name: 'Q.931',
  transports: ['tcp'],
  port: 1720,
  about: 'call signalling of H.323 (H.225.0 in Q.931)',
  policies: [{ name: 'Q.931', maxExpected: MAX_CHANNELS * 4 + 4, timeoutUs: FOUR_MINUTES_US }],
  limits: [LOWEST_PORT],
};

/** It has no port of its own: call signalling names one. */
export const H245: HelperFacts = {
  ...SHARED,
  name: 'H.245',
  transports: ['tcp'],
  port: 0,
  about: 'media of a call of H.323 (H.245)',
  policies: [{ name: 'H.245', maxExpected: MAX_CHANNELS * 4 + 2, timeoutUs: FOUR_MINUTES_US }],
  limits: [['pairs of ports of a connection under NAT', MAX_CHANNELS], LOWEST_PORT],
};
