/**
 * `-m cgroup`: the control group of the process whose socket sent the packet (or, in INPUT, will take it). Linux: xt_cgroup.
 * A packet without a socket never matches. Of paths only the root exists, unless the host has others.
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { Hook } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import type { HostServices } from '../host-services.ts';
import { ValueError } from '../syntax/value-error.ts';
import { quote, text, uint } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const PATH_MAX = 4095;
const ROOT = '/';

/** Always between quotes, as iptables prints it. */
const path = { ...text(PATH_MAX, 'path'), print: (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"` };

class CgroupTest implements MatchTest {
  private readonly host: HostServices;
  private readonly number: Given<number> | null;
  private readonly path: Given<string> | null;

  constructor(number: Given<number> | undefined, given: Given<string> | undefined, host: HostServices) {
    this.host = host;
    this.number = number ?? null;
    this.path = given ?? null;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const { host } = this;
    const socket = (at.hook === Hook.INPUT ? host.receiverOf?.(pkt, at.iif) : host.senderOf?.(pkt)) ?? null;
    if (socket === null) return false;
    if (this.number !== null) return (socket.cgroupClass === this.number.value) !== this.number.not;
    return isUnder(socket.cgroupPath, this.path!.value) !== this.path!.not;
  }
}

/** Is it that group, or one within it? */
function isUnder(group: string, wanted: string): boolean {
  return wanted === ROOT || group === wanted || group.startsWith(`${wanted}/`);
}

export const cgroup = defineMatch({
  name: 'cgroup',
  about: 'the control group of the process that sent the packet',
  hooks: [Hook.INPUT, Hook.OUTPUT, Hook.POSTROUTING],
  options: {
    path: { value: path, negate: true, about: 'its path in the unified hierarchy' },
    number: {
      value: uint(0, 0xffff_ffff),
      name: 'cgroup',
      negate: true,
      about: 'its class id of net_cls',
    },
  },
  check(info) {
    // iptables leaves it to the kernel to find out that there is one too many, or none.
    if ((info.path === undefined) === (info.number === undefined))
      throw new ValueError('Invalid argument', 'REFUSED');
    if (info.path !== undefined && info.path.value !== ROOT) {
      throw new ValueError(`xt_cgroup: invalid path ${quote(info.path.value)}`, 'REFUSED');
    }
  },
  list: ({ path: given, number }) =>
    given !== undefined
      ? `cgroup ${given.not ? '! ' : ''}${given.value}`
      : `cgroup ${number!.not ? '! ' : ''}${number!.value}`,
  create: (info, { host }) => new CgroupTest(info.number, info.path, host),
});
