/**
 * What rules learn of a host's sockets (`-m socket`, `-m owner`, `-m cgroup`). Programs on simulated hosts are all root's and in no
 * control group; none of their sockets is transparent or has a mark.
 */
import type { SocketFacts } from '../netfilter/host-services.ts';

/** By which the host itself sends ICMP and resets. */
export const OWN_SOCKET: SocketFacts = {
  owner: null,
  cgroupClass: 0,
  cgroupPath: '/',
  mark: 0,
  transparent: false,
  wildcard: false,
};

/** A program's, bound to an address or connected. */
export const BOUND_SOCKET: SocketFacts = { ...OWN_SOCKET, owner: { uid: 0, gid: 0, groups: [] } };

/** A program's that takes what comes to any address. */
export const WILDCARD_SOCKET: SocketFacts = { ...BOUND_SOCKET, wildcard: true };
