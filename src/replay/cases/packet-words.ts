/** Words that outcomes use and case files may: checked against the types of outcome.ts, so that none is forgotten. */
import type { ConntrackOutcome, OutcomeVerdict } from '../outcome.ts';

const verdicts: Record<OutcomeVerdict, true> = { ACCEPT: true, DROP: true, STOLEN: true, QUEUE: true };
export const VERDICTS = Object.keys(verdicts) as OutcomeVerdict[];

type State = ConntrackOutcome['state'];
const states: Record<State, true> = {
  NEW: true,
  ESTABLISHED: true,
  RELATED: true,
  INVALID: true,
  UNTRACKED: true,
};
export const STATES = Object.keys(states) as State[];

type Direction = ConntrackOutcome['direction'];
const directions: Record<Direction, true> = { original: true, reply: true };
export const DIRECTIONS = Object.keys(directions) as Direction[];
