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
    ['first line and headers', MAX_HEAD, 'bytes'],
    ['a body', MAX_BODY, 'bytes'],
    ['requests of a side that wait for answers', MAX_PENDING],
    ['sessions of a connection at a time', MAX_SESSIONS],
    ['streams of a session', MAX_STREAMS],
    LOWEST_PORT,
  ],
  states: {
    of: 'the session that moved last (RFC 2326 A)',
    states: [
      [SessionState.INIT, 'SETUP', "opened: the client's"],
      [
        SessionState.READY,
        '200 to SETUP or PAUSE',
        "stay, and the server's open with the first; a refusal closes what SETUP opened",
      ],
      [SessionState.PLAYING, '200 to PLAY', 'stay'],
      [SessionState.RECORDING, '200 to RECORD', 'stay'],
      [SessionState.ENDED, '200 to TEARDOWN', 'closed, and what came through is ended'],
    ],
  },
};
