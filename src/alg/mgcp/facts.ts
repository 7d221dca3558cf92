/** What MGCP's helper declares; Linux has none. */
import { LOWEST_PORT, type HelperFacts } from '../helper-facts.ts';
import { mediaPolicies } from '../media/classes.ts';
import { MAX_MEDIA } from '../media/sdp.ts';

/** Messages that share a datagram (RFC 3435 3.5.5). */
export const MAX_PIGGYBACKED = 16;
/** Commands of a side that wait for their answers; the oldest is forgotten. */
export const MAX_TRANSACTIONS = 256;
/** Connections of a gateway at a time, over one control connection. */
export const MAX_CONNECTIONS = 1024;
/** Messages that are looked at in a second of one control connection; the rest goes on as it is. */
export const MAX_RATE = 500;
export const MAX_LINES = 64;

export const ConnectionState = {
  CREATING: 'CREATING',
  OPEN: 'OPEN',
  MODIFYING: 'MODIFYING',
  DELETING: 'DELETING',
  DELETED: 'DELETED',
} as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

export const MGCP: HelperFacts = {
  name: 'mgcp',
  families: [4, 6],
  transports: ['udp'],
  port: 2427,
  // The agent's own, where gateways tell of themselves.
  otherPorts: [2727],
  about: 'calls of media gateways and their agents (MGCP, RFC 3435)',
  linux: '',
  policies: mediaPolicies(8),
  limits: [
    ['messages in a datagram', MAX_PIGGYBACKED],
    ['lines of a message', MAX_LINES],
    ['commands of a side that wait for answers', MAX_TRANSACTIONS],
    ['connections of a gateway at a time', MAX_CONNECTIONS],
    ['messages that are looked at in a second', MAX_RATE],
    ['streams of a session description', MAX_MEDIA],
    LOWEST_PORT,
  ],
  states: {
    of: 'the connection of a gateway that moved last',
    states: [
      [ConnectionState.CREATING, 'CRCX', '–'],
      [ConnectionState.OPEN, '200 to CRCX or MDCX', 'those that its description names; former ones go'],
      [ConnectionState.MODIFYING, 'MDCX', 'stay'],
      [ConnectionState.DELETING, 'DLCX', 'stay'],
      [
        ConnectionState.DELETED,
        '250 to DLCX, a refused CRCX, or RSIP of the endpoint',
        'closed, and what came through is ended',
      ],
    ],
  },
};
