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
    { what: 'contexts of a connection', value: MAX_CONTEXTS, unit: '' },
    { what: 'calls that wait for answers', value: MAX_CALLS, unit: '' },
    { what: 'an answer in fragments', value: MAX_STUB, unit: 'bytes' },
    { what: 'towers of an answer', value: MAX_TOWERS, unit: '' },
    { what: 'floors of a tower', value: MAX_FLOORS, unit: '' },
    LOWEST_PORT,
  ],
  states: {
    of: 'the association with the endpoint mapper',
    states: [
      {
        name: MapperState.BINDING,
        enteredWith: 'bind or alter_context for the endpoint mapper',
        pinholes: '–',
      },
      { name: MapperState.BOUND, enteredWith: 'bind_ack that accepts it', pinholes: '–' },
      {
        name: MapperState.MAPPING,
        enteredWith: 'a request for ept_map or ept_lookup in its context',
        pinholes: '–',
      },
      {
        name: MapperState.MAPPED,
        enteredWith: 'the whole answer',
        pinholes: 'the client may connect to each port that it names, once',
      },
    ],
  },
};
