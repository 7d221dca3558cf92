/**
 * Labs: a file that describes hosts, switches and links, made into a network on one virtual clock, with steps that are run
 * and judged, and pictures of what happened.
 *
 *     const lab = new Lab(parseLab({ text, file }));
 *     for (const report of runSteps(lab)) console.log(stepText(report, { frames: true }));
 */
export { isLabFile, parseLab } from './lab-file.ts';
export { Lab, type LabParts } from './lab.ts';
export type { MakeOutside, Outside } from './outside-node.ts';
export type { CapturedFrame, CaptureFiles } from './capture-node.ts';
export { drawLab } from './draw.ts';
export { crossingText, type Crossing } from './events.ts';
export { pathText } from './path.ts';
export { restoreLab, saveLab, type LabState } from './state.ts';
export { stepText, totalText } from './report.ts';
export { checkSteps, runCommand, runSteps, startCommand, type StepReport } from './run.ts';
export { liveNode } from './commands/of-program.ts';
export { COMMANDS, COMMAND_NAMES } from './commands/index.ts';
export { endpointText, type OutsideNode, type Topology } from './topology.ts';
