/** Every program there is. Adding one means adding its file and its line here. */
import { brctl } from './brctl.ts';
import { bridge } from './bridge.ts';
import { conntrack } from './conntrack/index.ts';
import { HOST_PROGRAMS } from './ip/index.ts';
import { nc, telnet } from './nc/index.ts';
import { ping } from './ping/index.ts';
import type { Program } from './program.ts';
import { sleep } from './sleep.ts';
import { sysctl } from './sysctl.ts';
import { tcpdump } from './tcpdump/index.ts';
import { traceroute } from './traceroute/index.ts';
import { tunctl } from './tunctl.ts';

export type { LiveHost, LiveNode, LiveSwitch, Lookup } from './live-node.ts';
export type { Call, Interrupt, Program, ProgramIo, TextOutput, Values } from './program.ts';

export const PROGRAMS: readonly Program[] = [
  conntrack,
  ...HOST_PROGRAMS,
  ping,
  sleep,
  sysctl,
  tcpdump,
  traceroute,
  nc,
  telnet,
  bridge,
  brctl,
  tunctl,
];

export function programNamed(name: string): Program | undefined {
  return PROGRAMS.find((program) => program.name === name);
}
