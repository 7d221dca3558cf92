/**
 * Tells clients the time (RFC 5905, mode 4): that of this machine, as a server says it that was set by hand (stratum 10), so
 * that whoever has a better one believes that. Messages in, messages out.
 */
import { writeU32 } from '../wire/bytes.ts';

export const NTP_PORT = 123;

const LENGTH = 48;
const CLIENT = 3;
const SERVER = 4;
const STRATUM = 10;
/** 2^-20 s: a clock of microseconds. */
const PRECISION = 0xec;
/** 127.127.1.0, a clock of one's own. */
const REFERENCE = 0x7f7f0100;
const US_PER_SECOND = 1_000_000;
/** From 1900 to 1970. */
const EPOCH_SECONDS = 2_208_988_800;
const RECEIVED_AT = 32;

/** The answer to a client's request; undefined for all else. `nowUs` since 1970. */
export function answerTime(request: Uint8Array, nowUs: number): Uint8Array | undefined {
  const version = (request[0]! >>> 3) & 7;
  if (request.length < LENGTH || (request[0]! & 7) !== CLIENT || version < 1 || version > 4) return undefined;
  const answer = new Uint8Array(LENGTH);
  answer[0] = (version << 3) | SERVER;
  answer[1] = STRATUM;
  answer[2] = request[2]!;
  answer[3] = PRECISION;
  writeU32(answer, 12, REFERENCE);
  for (const at of [16, RECEIVED_AT, 40]) writeTime(answer, at, nowUs);
  // The client knows its question by the time that it bears.
  answer.set(request.subarray(40, LENGTH), 24);
  return answer;
}

/** Seconds since 1900, of which the first era ends in 2036, and their fraction. */
function writeTime(bytes: Uint8Array, at: number, us: number): void {
  const seconds = Math.floor(us / US_PER_SECOND);
  writeU32(bytes, at, (seconds + EPOCH_SECONDS) >>> 0);
  writeU32(bytes, at + 4, Math.floor(((us % US_PER_SECOND) / US_PER_SECOND) * 2 ** 32) >>> 0);
}
