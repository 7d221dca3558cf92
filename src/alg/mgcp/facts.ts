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
    { what: 'messages in a datagram', value: MAX_PIGGYBACKED, unit: '' },
    { what: 'lines of a message', value: MAX_LINES, unit: '' },
    { what: 'commands of a side that wait for answers', value: MAX_TRANSACTIONS, unit: '' },
    { what: 'connections of a gateway at a time', value: MAX_CONNECTIONS, unit: '' },
    { what: 'messages that are looked at in a second', value: MAX_RATE, unit: '' },
    { what: 'streams of a session description', value: MAX_MEDIA, unit: '' },
    LOWEST_PORT,
  ],
  states: {
    of: 'the connection of a gateway that moved last',
    states: [
      { name: ConnectionState.CREATING, enteredWith: 'CRCX', pinholes: '–' },
      {
        name: ConnectionState.OPEN,
        enteredWith: '200 to CRCX or MDCX',
        pinholes: 'those that its description names; former ones go',
      },
      { name: ConnectionState.MODIFYING, enteredWith: 'MDCX', pinholes: 'stay' },
      { name: ConnectionState.DELETING, enteredWith: 'DLCX', pinholes: 'stay' },
      {
        name: ConnectionState.DELETED,
        enteredWith: '250 to DLCX, a refused CRCX, or RSIP of the endpoint',
        pinholes: 'closed, and what came through is ended',
      },
    ],
  },
};
