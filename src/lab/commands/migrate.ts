/**
 * `migrate`: a guest moves to another hypervisor while it runs. Its NICs are unplugged, and after the downtime plugged into
 * the ports of its name there; memory moves along (connections, neighbours, the connections and translations that it tracks
 * as a gateway), so nothing else changes for it.
 *
 * The physical network learns of the move from RARP requests: a vSphere switch sends one when the NIC comes; for all others
 * the lab does as QEMU's announce_self, five of them at growing intervals.
 */
import { didYouMean } from '../../base/did-you-mean.ts';
import { reverseArp, VsphereSwitch } from '../../vswitch/index.ts';
import { durationAt } from '../duration.ts';
import type { Lab } from '../lab.ts';
import { done, UsageMistake, type LabCommand } from './command.ts';

/** Microseconds after the NIC is there (QEMU: announce-initial 50 ms, announce-step 100 ms, five rounds). */
const ANNOUNCEMENTS_US = [50_000, 100_000, 250_000, 500_000, 850_000];
const DEFAULT_DOWNTIME = '300ms';

export const migrate: LabCommand = {
  name: 'migrate',
  usage: 'migrate HYPERVISOR [--downtime TIME]',
  about: 'Moves a guest to another hypervisor while it runs.',
  values: [],
  start(lab, guest, args) {
    const [target = '', option, time = DEFAULT_DOWNTIME] = args;
    if (option !== undefined && option !== '--downtime') throw new UsageMistake(migrate.usage);
    const downtime = durationAt(time, '--downtime');
    const moves = lab
      .host(guest)
      .node.config.interfaces.flatMap(({ name }, index) =>
        lab.linkAt(`${guest}:${name}`) === undefined
          ? []
          : [{ nic: name, port: index === 0 ? guest : `${guest}.${index}` }],
      );
    for (const { port } of moves) checkPort(lab, target, port);
    for (const { nic } of moves) lab.unplug({ node: guest, port: nic });
    lab.clock.at(lab.clock.now + downtime, () => {
      for (const { nic, port } of moves) arrive(lab, guest, nic, target, port);
    });
    return done([]);
  },
};

function checkPort(lab: Lab, target: string, port: string): void {
  const bridge = lab.switches.get(target);
  if (bridge === undefined) {
    const known = [...lab.switches.keys()];
    throw new UsageMistake(
      `no hypervisor "${target}"${didYouMean(target, known)}; there are ${known.join(', ')}`,
    );
  }
  if (bridge.portNamed(port) === undefined)
    throw new UsageMistake(`${target} has no port "${port}" for the guest`);
  if (lab.linkAt(`${target}:${port}`) !== undefined)
    throw new UsageMistake(`port "${port}" of ${target} is taken`);
}

function arrive(lab: Lab, guest: string, nic: string, target: string, port: string): void {
  const end = { node: guest, port: nic };
  lab.plugIn(end, { node: target, port });
  if (lab.switch(target) instanceof VsphereSwitch) return;
  const frame = reverseArp(lab.host(guest).gateway.host.devices.named(nic)!.mac);
  for (const after of ANNOUNCEMENTS_US) lab.clock.at(lab.clock.now + after, () => lab.sendFrom(end, frame));
}
