/**
 * What the kernel says on its own schedule, which no replay can know and the harness therefore leaves out: multicast
 * listener reports, and the solicitations of neighbour discovery.
 *
 * Sources: RFC 3810 (MLDv2), RFC 2710 (MLDv1), RFC 4861 section 4 (neighbour discovery), and behaviour watched.
 */
const ETHERTYPE_IPV6 = '86dd';
const HOP_BY_HOP = 0;
const ICMPV6 = 58;
/** Neighbour discovery is sent with this hop limit, which nothing forwarded can have (RFC 4861 section 7.1). */
const NEVER_FORWARDED = 255;
const NEVER_LEAVES_LINK = 1;

const LISTENER_REPORTS: readonly number[] = [131, 132, 143];
const SOLICITATIONS: readonly number[] = [133, 135];

/** @param frame - in hexadecimal, as it left the gateway */
export function isOnKernelsSchedule(frame: string): boolean {
  if (frame.slice(24, 28) !== ETHERTYPE_IPV6) return false;
  const bytes = Buffer.from(frame, 'hex');
  const hopLimit = bytes[21];
  let next = bytes[20];
  let at = 54;
  if (next === HOP_BY_HOP) {
    next = bytes[at];
    at += 8 * ((bytes[at + 1] ?? 0) + 1);
  }
  const type = bytes[at];
  if (next !== ICMPV6 || type === undefined) return false;
  if (hopLimit === NEVER_FORWARDED) return SOLICITATIONS.includes(type);
  return hopLimit === NEVER_LEAVES_LINK && LISTENER_REPORTS.includes(type);
}

/** Lines of the packet filter: every one of them names both interfaces, present or not. */
export function isKernelLogLine(line: string): boolean {
  return line.includes('IN=') && line.includes('OUT=');
}
