/**
 * Multicast groups that a host is in by itself: all hosts, and for IPv6 all nodes, all routers when it is one, and
 * the solicited-node group of each of its addresses (RFC 4291 2.8); and those that sockets have joined.
 */
import type { Family } from '../netfilter/hook.ts';
import type { OwnAddress } from './addresses.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';

const ALL_HOSTS_4 = 0xe0000001 | 0;
const ALL_NODES = 1;
const ALL_ROUTERS = 2;
const INTERFACE_LOCAL = 1;
const LINK_LOCAL = 2;
const SITE_LOCAL = 5;
/** ff02:0:0:0:0:1:ff00::/104. */
const SOLICITED_NODE_0 = 0xff020000 | 0;
const SOLICITED_NODE_3 = 0xff;

export class Groups {
  private readonly host: Host;
  /** How many sockets are in a group on a device. */
  private readonly joined = new Map<string, number>();

  constructor(host: Host) {
    this.host = host;
  }

  /** One more socket is in the group. True when it is the first. */
  join(device: Device, family: Family, group: Int32Array): boolean {
    const key = keyOf(device, family, group[0]!, group[1]!, group[2]!, group[3]!);
    const count = this.joined.get(key) ?? 0;
    this.joined.set(key, count + 1);
    if (count === 0) this.host.membership.joined(device, family, group);
    return count === 0;
  }

  /** True when it was the last. */
  leave(device: Device, family: Family, group: Int32Array): boolean {
    const key = keyOf(device, family, group[0]!, group[1]!, group[2]!, group[3]!);
    const count = this.joined.get(key) ?? 0;
    if (count > 1) this.joined.set(key, count - 1);
    else this.joined.delete(key);
    if (count === 1) this.host.membership.left(device, family, group);
    return count === 1;
  }

  private isJoined(device: Device, family: Family, w0: number, w1: number, w2: number, w3: number): boolean {
    return this.joined.size > 0 && this.joined.has(keyOf(device, family, w0, w1, w2, w3));
  }

  isMember(device: Device, family: Family, w0: number, w1: number, w2: number, w3: number): boolean {
    if (this.isJoined(device, family, w0, w1, w2, w3)) return true;
    if (family === 4) return w0 === ALL_HOSTS_4;
    if (w0 === SOLICITED_NODE_0 && w1 === 0 && w2 === 1 && w3 >>> 24 === SOLICITED_NODE_3) {
      const { all, tentative } = this.host.addresses;
      const isAsked = (own: OwnAddress) =>
        own.device === device &&
        own.family === 6 &&
        (((own.words[3]! ^ w3) & 0xffffff) === 0 || (this.isRouter(device) && (w3 & 0xffffff) === 0));
      return all.some(isAsked) || tentative.some(isAsked);
    }
    if (w1 !== 0 || w2 !== 0 || w0 >>> 20 !== 0xff0 || (w0 & 0xffff) !== 0) return false;
    const scope = (w0 >>> 16) & 15;
    if (w3 === ALL_NODES) return scope === INTERFACE_LOCAL || scope === LINK_LOCAL;
    const isRouterScope = scope === INTERFACE_LOCAL || scope === LINK_LOCAL || scope === SITE_LOCAL;
    return w3 === ALL_ROUTERS && isRouterScope && this.isRouter(device);
  }

  /** All groups of a device, in the order in which the kernel lists them: the newest first, all hosts and nodes last. */
  of(device: Device): { family: Family; words: Int32Array; users: number }[] {
    const group = (family: Family, words: readonly number[], users = 1) => ({
      family,
      words: Int32Array.from({ length: 4 }, (_, i) => words[i] ?? 0),
      users,
    });
    const joined = [...this.joined]
      .map(([key, users]) => ({ parts: key.split(' ').map(Number), users }))
      .filter(({ parts }) => parts[0] === device.index)
      .map(({ parts, users }) => group(parts[1] === 6 ? 6 : 4, parts.slice(2), users))
      .reverse();
    const solicited = new Map<number, number>();
    for (const own of this.host.addresses.withTentative(device)) {
      const last = (own.words[3]! & 0xffffff) | (SOLICITED_NODE_3 << 24);
      solicited.set(last, (solicited.get(last) ?? 0) + 1);
    }
    const hasV6 = this.host.addresses.withTentative(device).length > 0;
    return [
      ...joined.filter(({ family }) => family === 4),
      group(4, [ALL_HOSTS_4]),
      ...joined.filter(({ family }) => family === 6),
      ...(device.isLoopback
        ? []
        : [...solicited].map(([last, users]) => group(6, [SOLICITED_NODE_0, 0, 1, last], users)).reverse()),
      ...(hasV6 ? [group(6, [0xff020000 | 0, 0, 0, 1]), group(6, [0xff010000 | 0, 0, 0, 1])] : []),
    ];
  }

  private isRouter(device: Device): boolean {
    return this.host.settings.v6(device).isRouter;
  }
}

function keyOf(device: Device, family: Family, w0: number, w1: number, w2: number, w3: number): string {
  return `${device.index} ${family} ${w0} ${w1} ${w2} ${w3}`;
}
