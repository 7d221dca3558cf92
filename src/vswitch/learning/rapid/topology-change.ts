/**
 * Topology Change of the rapid protocol (IEEE 802.1D-2004, 17.31): a port that begins to forward is a change, and so is
 * nothing else. Every bridge that is told forgets what it learnt on its other ports and tells those in turn, at once; the
 * root has no part in it.
 */
import { Role, Topology, type RapidPort } from './rapid-port.ts';

const SECOND_US = 1_000_000;

/** One step of the machine; true when something changed. `forget` flushes the addresses behind a port. */
export function stepTopology(
  one: RapidPort,
  ports: readonly RapidPort[],
  now: number,
  forget: (one: RapidPort) => void,
): boolean {
  const isActive = one.role === Role.ROOT || one.role === Role.DESIGNATED;
  switch (one.topology) {
    case Topology.INACTIVE:
      if (!one.learn) return false;
      one.topology = Topology.LEARNING;
      return true;
    case Topology.LEARNING:
      one.rcvdTc = one.rcvdTcn = one.rcvdTcAck = one.tcProp = false;
      if (isActive && one.forward && !one.operEdge) {
        keepTelling(one, now);
        tellOthers(one, ports);
        one.newInfo = true;
        one.topology = Topology.ACTIVE;
        return true;
      }
      if (isActive || one.learn || one.learning) return false;
      forget(one);
      one.tcWhile = 0;
      one.tcAck = false;
      one.topology = Topology.INACTIVE;
      return true;
    default:
      if (!isActive || one.operEdge) {
        one.topology = Topology.LEARNING;
        return true;
      }
      return stepActive(one, ports, now, forget);
  }
}

function stepActive(
  one: RapidPort,
  ports: readonly RapidPort[],
  now: number,
  forget: (one: RapidPort) => void,
): boolean {
  if (one.rcvdTcn || one.rcvdTc) {
    if (one.rcvdTcn) keepTelling(one, now);
    one.rcvdTcn = one.rcvdTc = false;
    if (one.role === Role.DESIGNATED) one.tcAck = true;
    tellOthers(one, ports);
    return true;
  }
  if (one.tcProp) {
    keepTelling(one, now);
    forget(one);
    one.tcProp = false;
    return true;
  }
  if (one.rcvdTcAck) {
    one.tcWhile = 0;
    one.rcvdTcAck = false;
    return true;
  }
  return false;
}

/** newTcWhile: messages bear the flag for so long. */
function keepTelling(one: RapidPort, now: number): void {
  if (one.tcWhile > now) return;
  const { helloTime, maxAge, forwardDelay } = one.designatedTimes;
  if (one.sendRSTP) {
    one.tcWhile = now + helloTime + SECOND_US;
    one.newInfo = true;
  } else one.tcWhile = now + maxAge + forwardDelay;
}

function tellOthers(one: RapidPort, ports: readonly RapidPort[]): void {
  for (const other of ports) if (other !== one) other.tcProp = true;
}
