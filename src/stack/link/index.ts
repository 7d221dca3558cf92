/** Links between devices, with the properties that tc-netem gives a real one. */
export { connectDevices, intoDevice, Link, Plugs, type End, type FrameTaker, type LinkTap } from './link.ts';
export { NO_IMPAIRMENT, parseNetem, type Netem } from './netem.ts';
