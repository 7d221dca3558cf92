/** What MSRPC's helper declares; Linux has none. */
import { LOWEST_PORT, type HelperFacts } from '../helper-facts.ts';

/** Contexts of a connection; what is bound beyond is not looked at. */
export const MAX_CONTEXTS = 64;
/** Calls of the mapper that wait for their answer; the oldest is forgotten. */
export const MAX_CALLS = 64;
/** Of an answer in fragments. */
export const MAX_STUB = 65_536;
export const MAX_TOWERS = 64;
export const MAX_FLOORS = 16;

export const MapperState = {
  BINDING: 'BINDING',
  BOUND: 'BOUND',
  MAPPING: 'MAPPING',
  MAPPED: 'MAPPED',
} as const;
export type MapperState = (typeof MapperState)[keyof typeof MapperState];

export const MSRPC: HelperFacts = {
  name: 'msrpc',
  families: [4, 6],
  transports: ['tcp'],
  port: 135,
  about: 'ports that the endpoint mapper of DCE/RPC names (C706, MS-RPCE)',
  linux: '',
  policies: [{ name: 'msrpc', maxExpected: 16, timeoutUs: 60_000_000 }],
  limits: [
    ['contexts of a connection', MAX_CONTEXTS],
    ['calls that wait for answers', MAX_CALLS],
    ['an answer in fragments', MAX_STUB, 'bytes'],
    ['towers of an answer', MAX_TOWERS],
    ['floors of a tower', MAX_FLOORS],
    LOWEST_PORT,
  ],
  states: {
    of: 'the association with the endpoint mapper',
    states: [
      [MapperState.BINDING, 'bind or alter_context for the endpoint mapper', '–'],
      [MapperState.BOUND, 'bind_ack that accepts it', '–'],
      [MapperState.MAPPING, 'a request for ept_map or ept_lookup in its context', '–'],
      [MapperState.MAPPED, 'the whole answer', 'the client may connect to each port that it names, once'],
    ],
  },
};
