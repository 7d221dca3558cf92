/** `play`: a capture node plays. */
import { SluiceError } from '../../base/errors.ts';
import { UsageMistake, type LabCommand } from './command.ts';
import type { Lab } from '../lab.ts';
import type { LabCapture } from '../capture-node.ts';

export const play: LabCommand = {
  name: 'play',
  usage: 'play [FILE]',
  about: 'Plays a capture on the cable of a capture node: the one it has in the lab file, or another.',
  values: ['played', 'heard'],
  start(lab, node, args) {
    const capture = captureAt(lab, node);
    const [file = capture.node.play, ...more] = args;
    if (more.length > 0) throw new UsageMistake(play.usage);
    if (file === null) throw new UsageMistake(`${node} has nothing to play: ${play.usage}`);
    const { played, heard } = capture;
    capture.play(file, lab.clock.now);
    return {
      finish: () => {
        const values = { played: capture.played - played, heard: capture.heard - heard };
        return { output: [`${values.played} frames played, ${values.heard} heard`], values };
      },
    };
  },
};

function captureAt(lab: Lab, node: string): LabCapture {
  const capture = lab.captures.get(node);
  if (capture === undefined) throw new SluiceError('LAB', `${node} is no capture node`);
  return capture;
}
