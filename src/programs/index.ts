/** Every program there is. Adding one means adding its file and its line here. */
import { brctl, bridge, tunctl } from './bridge-tools.ts';
import { conntrack } from './conntrack/index.ts';
import { HOST_PROGRAMS } from './ip/index.ts';
<<<<<<< HEAD
import { nc, telnet } from './nc.ts';
=======
import { ping } from './ping/index.ts';
>>>>>>> dc62813 (Ping and trace routes as iputils and traceroute do, wherever programs run)
import type { Program } from './program.ts';
import { sleep } from './sleep.ts';
import { sysctl } from './sysctl.ts';
import { tcpdump } from './tcpdump/index.ts';
import { traceroute } from './traceroute/index.ts';

export type { LiveHost, LiveNode, LiveSwitch } from './live-node.ts';
export type { Call, Interrupt, Program, ProgramIo, TextOutput, Values } from './program.ts';

export const PROGRAMS: readonly Program[] = [
  conntrack,
  ...HOST_PROGRAMS,
<<<<<<< HEAD
  sleep,
  sysctl,
  tcpdump,
  nc,
  telnet,
  bridge,
  brctl,
  tunctl,
=======
  ping,
  sleep,
  sysctl,
  tcpdump,
  traceroute,
>>>>>>> dc62813 (Ping and trace routes as iputils and traceroute do, wherever programs run)
];

export function programNamed(name: string): Program | undefined {
  return PROGRAMS.find((program) => program.name === name);
}
