/**
 * The state of a lab: saved, and given to a lab that was built from the same file, in this process or another. Both then go on
 * alike, to the byte; two labs that are given one state are a fork of it.
 *
 *     const state = saveLab(lab);                          // JSON.stringify(state) keeps it
 *     const other = new Lab(lab.topology); restoreLab(other, state);
 *
 * Everything that hosts and switches know goes along, and the frames and timers under way. Of what programs are in the midst
 * of, only the lab's echo services and `talk` do: a lab is saved between its steps. What was made while the lab lived (devices,
 * rules, sets), has to be made in the new one before; connections that helpers watch cannot be restored.
 */
import { SluiceError } from '../base/errors.ts';
import { restoreState, saveState, STACK_CLASSES, type SavedState } from '../stack/state/index.ts';
import { Talk } from './commands/talk.ts';
import type { Lab } from './lab.ts';
import { Echo } from './services/host-services.ts';
import { endpointText } from './topology.ts';

export interface LabState {
  /** Nodes and cables, by which a state is told from that of another lab. */
  readonly lab: readonly string[];
  readonly state: SavedState;
}

const kindsOf = (lab: Lab) => ({ classes: { ...STACK_CLASSES, Echo, Talk }, fixed: [lab.topology] });

export function saveLab(lab: Lab): LabState {
  return { lab: partsOf(lab), state: saveState(lab, kindsOf(lab)) };
}

/** `lab` is new; throws SluiceError, and then it is of no use any more. */
export function restoreLab(lab: Lab, { lab: parts, state }: LabState): void {
  if (partsOf(lab).join() !== parts.join()) throw new SluiceError('STATE', 'the state is of another lab');
  restoreState(lab, state, kindsOf(lab));
}

function partsOf({ topology: { nodes, links } }: Lab): string[] {
  return [...nodes.map(({ name }) => name), ...links.map(({ ends }) => ends.map(endpointText).join('-'))];
}
