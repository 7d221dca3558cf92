/**
 * Port Role Selection of the rapid protocol (IEEE 802.1D-2004, 17.28 and 17.21.25): out of what all ports know, which bridge
 * is the root, which port leads to it, and which ports serve their links.
 *
 *     root         the best way to the root
 *     designated   serves its link
 *     alternate    another way to the root, kept shut: the next root port
 *     backup       another port of a bridge that serves the link already
 */
import { areEqual, compare, type Priority, type Times } from './priority.ts';
import { InfoIs, Role, type RapidPort } from './rapid-port.ts';

/** Every bridge on the way adds a second to the age of what is known (17.20.13). */
const STEP_US = 1_000_000;

/** What the bridge as a whole has found. */
export interface RootView {
  readonly priority: Priority;
  readonly times: Times;
  /** Null: this bridge is the root. */
  readonly port: RapidPort | null;
}

export function findRoot(id: string, times: Times, ports: readonly RapidPort[]): RootView {
  let best: RootView = { priority: { root: id, cost: 0, bridge: id, port: 0 }, times, port: null };
  for (const one of ports) {
    const { portPriority, portTimes, port } = one;
    // What this bridge itself said on the link says nothing of a way to the root.
    if (one.infoIs !== InfoIs.RECEIVED || portPriority.bridge === id || port.rootBlock) continue;
    const priority = { ...portPriority, cost: portPriority.cost + port.cost };
    const order = compare(priority, best.priority);
    if (order > 0 || (order === 0 && best.port !== null && best.port.id <= one.id)) continue;
    best = { priority, times: { ...portTimes, messageAge: portTimes.messageAge + STEP_US }, port: one };
  }
  return best;
}

/** updtRolesTree and setSelectedTree. */
export function selectRoles(id: string, own: Times, root: RootView, ports: readonly RapidPort[]): void {
  for (const one of ports) {
    one.reselect = false;
    one.designatedPriority = { ...root.priority, bridge: id, port: one.id };
    one.designatedTimes = { ...root.times, helloTime: own.helloTime };
    one.selectedRole = roleOf(one, id, root);
    one.selected = true;
  }
}

function roleOf(one: RapidPort, id: string, root: RootView): Role {
  const { portPriority, designatedPriority } = one;
  one.updtInfo = false;
  switch (one.infoIs) {
    case InfoIs.DISABLED:
      return Role.DISABLED;
    case InfoIs.AGED:
      one.updtInfo = true;
      return Role.DESIGNATED;
    case InfoIs.MINE:
      one.updtInfo =
        compare(portPriority, designatedPriority) !== 0 || !areEqual(one.portTimes, one.designatedTimes);
      return Role.DESIGNATED;
    default:
      if (one === root.port) return Role.ROOT;
      if (compare(designatedPriority, portPriority) >= 0)
        return portPriority.bridge === id ? Role.BACKUP : Role.ALTERNATE;
      // Who may not lead to the root does not serve a better one's link either (802.1Q, restrictedRole).
      if (one.port.rootBlock && portPriority.root < designatedPriority.root) return Role.ALTERNATE;
      one.updtInfo = true;
      return Role.DESIGNATED;
  }
}
