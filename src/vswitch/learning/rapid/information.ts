/**
 * Port Receive and Port Information of the rapid protocol (IEEE 802.1D-2004, 17.23, 17.27): what a message changes of what a
 * port knows, and when that grows old.
 */
import { SaidRole, type RapidBpdu } from '../../../wire/bpdu.ts';
import { areEqual, compare, isSuperior, type Priority, type Times } from './priority.ts';
import { InfoIs, type RapidPort } from './rapid-port.ts';

const SECOND_US = 1_000_000;
/** Messages that may be missed before what they said is forgotten. */
const MISSED_HELLOS = 3;

/** A configuration was heard. */
export function hear(one: RapidPort, message: RapidBpdu, now: number): void {
  const priority: Priority = {
    root: message.root,
    cost: message.rootCost,
    bridge: message.bridge,
    port: message.port,
  };
  const times: Times = {
    messageAge: message.messageAge,
    maxAge: message.maxAge,
    helloTime: Math.max(message.helloTime, SECOND_US),
    forwardDelay: message.forwardDelay,
  };
  if (message.role === SaidRole.DESIGNATED) hearDesignated(one, message, priority, times, now);
  else if (message.role !== SaidRole.UNKNOWN && compare(priority, one.portPriority) >= 0) {
    recordAgreement(one, message);
    noteChanges(one, message);
  }
}

function hearDesignated(
  one: RapidPort,
  message: RapidBpdu,
  priority: Priority,
  times: Times,
  now: number,
): void {
  const order = compare(priority, one.portPriority);
  const isSame = order === 0;
  if (isSuperior(priority, one.portPriority) || (isSame && !areEqual(times, one.portTimes))) {
    one.agreed = one.proposing = false;
    if (message.proposal) one.proposed = true;
    noteChanges(one, message);
    // An agreement to something holds for everything better.
    one.agree = one.agree && one.infoIs === InfoIs.RECEIVED && order <= 0;
    recordAgreement(one, message);
    one.synced = one.synced && one.agreed;
    one.portPriority = priority;
    one.portTimes = times;
    refresh(one, now);
    one.infoIs = InfoIs.RECEIVED;
    one.reselect = true;
    one.selected = false;
  } else if (isSame) {
    if (message.proposal) one.proposed = true;
    noteChanges(one, message);
    recordAgreement(one, message);
    refresh(one, now);
  } else if (message.isRapid && message.learning) {
    // Somebody serves the link who ought to have heard that we do: messages go one way only (recordDispute).
    one.disputed = true;
    one.agreed = false;
  }
}

function recordAgreement(one: RapidPort, message: RapidBpdu): void {
  one.agreed = message.isRapid && message.agreement && one.port.pointToPoint;
  if (one.agreed) one.proposing = false;
}

function noteChanges(one: RapidPort, { topologyChange, topologyChangeAck }: RapidBpdu): void {
  one.rcvdTc ||= topologyChange;
  one.rcvdTcAck ||= topologyChangeAck;
}

function refresh(one: RapidPort, now: number): void {
  const { messageAge, maxAge, helloTime } = one.portTimes;
  one.rcvdInfoWhile = messageAge + SECOND_US <= maxAge ? now + MISSED_HELLOS * helloTime : now;
}

/** One step of the machine; true when something changed. */
export function stepInformation(one: RapidPort, now: number): boolean {
  if (!one.portEnabled) {
    if (one.infoIs === InfoIs.DISABLED) return false;
    one.proposing = one.proposed = one.agree = one.agreed = false;
    one.rcvdInfoWhile = 0;
    return reconsider(one, InfoIs.DISABLED);
  }
  if (one.infoIs === InfoIs.DISABLED) return reconsider(one, InfoIs.AGED);
  if (one.selected && one.updtInfo) {
    one.proposing = one.proposed = false;
    const isBetter = compare(one.designatedPriority, one.portPriority) <= 0;
    one.agreed = one.agreed && one.infoIs === InfoIs.MINE && isBetter;
    one.synced = one.synced && one.agreed;
    one.portPriority = one.designatedPriority;
    one.portTimes = one.designatedTimes;
    one.updtInfo = false;
    one.infoIs = InfoIs.MINE;
    one.newInfo = true;
    return true;
  }
  if (one.infoIs === InfoIs.RECEIVED && one.rcvdInfoWhile <= now) return reconsider(one, InfoIs.AGED);
  return false;
}

function reconsider(one: RapidPort, infoIs: number): true {
  one.infoIs = infoIs;
  one.reselect = true;
  one.selected = false;
  return true;
}
