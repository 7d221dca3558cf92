/** What RTSP's helper declares; Linux has none. */
import { LOWEST_PORT, type HelperFacts } from '../helper-facts.ts';
import { mediaPolicies } from '../media/classes.ts';

export const MAX_HEAD = 16_384;
export const MAX_BODY = 262_144;
/** Requests of a side that wait for their answers; the oldest is forgotten. */
export const MAX_PENDING = 64;
export const MAX_SESSIONS = 64;
export const MAX_STREAMS = 16;

export const SessionState = {
  INIT: 'INIT',
  READY: 'READY',
  PLAYING: 'PLAYING',
  RECORDING: 'RECORDING',
  ENDED: 'ENDED',
} as const;
export type SessionState = (typeof SessionState)[keyof typeof SessionState];

export const RTSP: HelperFacts = {
  name: 'rtsp',
  families: [4, 6],
  transports: ['tcp'],
  port: 554,
  // Of servers that no root starts.
  otherPorts: [8554],
  about: 'media that a client of RTSP has sent to it (RFC 2326)',
  linux: '',
  policies: mediaPolicies(1),
  limits: [
    { what: 'first line and headers', value: MAX_HEAD, unit: 'bytes' },
    { what: 'a body', value: MAX_BODY, unit: 'bytes' },
    { what: 'requests of a side that wait for answers', value: MAX_PENDING, unit: '' },
    { what: 'sessions of a connection at a time', value: MAX_SESSIONS, unit: '' },
    { what: 'streams of a session', value: MAX_STREAMS, unit: '' },
    LOWEST_PORT,
  ],
  states: {
    of: 'the session that moved last (RFC 2326 A)',
    states: [
      { name: SessionState.INIT, enteredWith: 'SETUP', pinholes: "opened: the client's" },
      {
        name: SessionState.READY,
        enteredWith: '200 to SETUP or PAUSE',
        pinholes: "stay, and the server's open with the first; a refusal closes what SETUP opened",
      },
      { name: SessionState.PLAYING, enteredWith: '200 to PLAY', pinholes: 'stay' },
      { name: SessionState.RECORDING, enteredWith: '200 to RECORD', pinholes: 'stay' },
      {
        name: SessionState.ENDED,
        enteredWith: '200 to TEARDOWN',
        pinholes: 'closed, and what came through is ended',
      },
    ],
  },
};
