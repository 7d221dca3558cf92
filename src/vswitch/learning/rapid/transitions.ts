/**
 * Port Role Transitions and Port State Transition of the rapid protocol (IEEE 802.1D-2004, 17.29 and 17.30): when a port of
 * some role learns and forwards. A designated port asks the other side (proposal); that one first shuts every port of its
 * own that could close a loop (sync), then agrees; so a port forwards within the time of two messages. Where nobody answers,
 * it waits for the forward delay twice, as the original protocol does.
 */
import { PortState } from '../bridge-port.ts';
import { Role, type RapidPort } from './rapid-port.ts';

/** Time for a port whose neighbour says nothing to be taken for an edge (17.13.9). */
export const MIGRATE_TIME_US = 3_000_000;

/** What a port has to know of the others of its bridge. */
export interface Siblings {
  readonly ports: readonly RapidPort[];
  readonly now: number;
}

/** One step of the machine; true when something changed. */
export function stepRole(one: RapidPort, all: Siblings): boolean {
  if (one.role !== one.selectedRole) {
    // Its neighbours' roles are to be settled first.
    if (!one.selected || one.updtInfo) return false;
    changeRole(one, all.now);
    return true;
  }
  if (!one.selected || one.updtInfo) return false;
  switch (one.role) {
    case Role.ROOT:
      return stepRoot(one, all);
    case Role.DESIGNATED:
      return stepDesignated(one, all.now);
    default:
      return stepShut(one, all);
  }
}

/** Timers that a role holds up run from the moment in which it ends. */
function changeRole(one: RapidPort, now: number): void {
  const { maxAge, forwardDelay, helloTime } = one.designatedTimes;
  if (one.role === Role.DISABLED) one.fdWhile = now + maxAge;
  else if (isShut(one)) one.fdWhile = now + delayOf(one);
  if (one.role === Role.ROOT) one.rrWhile = now + forwardDelay;
  if (one.role === Role.BACKUP) one.rbWhile = now + 2 * helloTime;
  one.role = one.selectedRole;
  if (one.role === Role.ROOT) one.rrWhile = Infinity;
  if (!isShut(one)) return;
  one.learn = one.forward = false;
  one.rrWhile = 0;
}

function isShut({ role }: RapidPort): boolean {
  return role === Role.DISABLED || role === Role.ALTERNATE || role === Role.BACKUP;
}

function delayOf({ sendRSTP, designatedTimes }: RapidPort): number {
  return sendRSTP ? designatedTimes.helloTime : designatedTimes.forwardDelay;
}

function stepRoot(one: RapidPort, all: Siblings): boolean {
  const { now, ports } = all;
  if (stepAgreement(one, all)) return true;
  if (!one.forward && !one.reRoot) {
    for (const other of ports) other.reRoot = true;
    return true;
  }
  if (one.reRoot && one.forward) {
    one.reRoot = false;
    return true;
  }
  const reRooted = ports.every((other) => other === one || other.rrWhile <= now);
  if (one.fdWhile > now && !(reRooted && one.rbWhile <= now)) return false;
  return advance(one, now);
}

/** ROOT_PROPOSED, ROOT_AGREED, and the same of alternate ports. */
function stepAgreement(one: RapidPort, { ports }: Siblings): boolean {
  if (one.proposed && !one.agree) {
    for (const other of ports) other.sync = true;
    one.proposed = false;
    return true;
  }
  if ((isAllSynced(ports) && !one.agree) || (one.proposed && one.agree)) {
    one.proposed = one.sync = false;
    one.agree = one.newInfo = true;
    return true;
  }
  return false;
}

function isAllSynced(ports: readonly RapidPort[]): boolean {
  return ports.every(
    (one) =>
      one.selected &&
      !one.updtInfo &&
      one.role === one.selectedRole &&
      (one.synced || one.role === Role.ROOT),
  );
}

function stepDesignated(one: RapidPort, now: number): boolean {
  if (!one.forward && !one.agreed && !one.proposing && !one.operEdge) {
    one.proposing = one.newInfo = true;
    one.edgeDelayWhile = now + (one.port.pointToPoint ? MIGRATE_TIME_US : one.designatedTimes.maxAge);
    return true;
  }
  const isQuiet = !one.learning && !one.forwarding;
  if (((isQuiet || one.agreed || one.operEdge) && !one.synced) || (one.sync && one.synced)) {
    one.rrWhile = 0;
    one.synced = true;
    one.sync = false;
    return true;
  }
  if (one.reRoot && one.rrWhile <= now) {
    one.reRoot = false;
    return true;
  }
  const mustShut = (one.sync && !one.synced) || (one.reRoot && one.rrWhile > now) || one.disputed;
  if (mustShut && !one.operEdge && (one.learn || one.forward)) {
    one.learn = one.forward = one.disputed = false;
    one.fdWhile = now + delayOf(one);
    return true;
  }
  const mayGo = one.fdWhile <= now || one.agreed || one.operEdge;
  if (!mayGo || (one.rrWhile > now && one.reRoot) || one.sync) return false;
  return advance(one, now);
}

/** From discarding to learning, from learning to forwarding. */
function advance(one: RapidPort, now: number): boolean {
  if (one.forward) return false;
  if (one.learn) {
    one.forward = true;
    one.fdWhile = 0;
    // Who forwards without having been agreed to does not ask any more.
    if (one.role === Role.DESIGNATED) one.agreed = one.sendRSTP;
  } else {
    one.learn = true;
    one.fdWhile = now + delayOf(one);
  }
  return true;
}

function stepShut(one: RapidPort, all: Siblings): boolean {
  if (one.role !== Role.DISABLED && stepAgreement(one, all)) return true;
  if (one.learning || one.forwarding || (one.synced && !one.sync && !one.reRoot)) return false;
  one.rrWhile = 0;
  one.synced = true;
  one.sync = one.reRoot = false;
  return true;
}

/** What is to be becomes what is. */
export function stepState(one: RapidPort): boolean {
  const { learn, forward } = one;
  const isSame = one.learning === learn && one.forwarding === forward;
  one.learning = learn;
  one.forwarding = forward;
  if (one.role === Role.DISABLED) one.port.state = PortState.DISABLED;
  else if (forward) one.port.state = PortState.FORWARDING;
  else one.port.state = learn ? PortState.LEARNING : PortState.BLOCKING;
  return !isSame;
}
