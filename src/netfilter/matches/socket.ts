/**
 * `-m socket`: a socket of this host would take the packet. Linux: xt_socket. A socket bound to no address counts only with
 * `--nowildcard`.
 */
import { defineMatch, type InfoOf, type MatchTest } from '../extension.ts';
import { Hook } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import type { HostServices } from '../host-services.ts';
import { flag } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

class SocketTest implements MatchTest {
  private readonly host: HostServices;
  private readonly transparent: boolean;
  private readonly wildcard: boolean;
  private readonly restores: boolean;

  constructor(info: Info, host: HostServices) {
    this.host = host;
    this.transparent = info.transparent !== undefined;
    this.wildcard = info.nowildcard !== undefined;
    this.restores = info.restore !== undefined;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const socket = this.host.receiverOf?.(pkt, at.iif) ?? null;
    if (socket === null) return false;
    if (socket.wildcard && !this.wildcard) return false;
    if (this.transparent && !socket.transparent) return false;
    if (this.restores) pkt.mark = socket.mark;
    return true;
  }
}

const options = {
  transparent: { value: flag, about: 'the socket is transparent (IP_TRANSPARENT)' },
  nowildcard: { value: flag, about: 'sockets bound to no address count too' },
  restore: { value: flag, name: 'restore-skmark', about: "gives the packet the socket's mark" },
} as const;

type Info = InfoOf<typeof options>;

export const socket = defineMatch({
  name: 'socket',
  about: 'a socket of this host would take the packet',
  stateful: true,
  needsWhole: true,
  hooks: [Hook.PREROUTING, Hook.INPUT],
  options,
  list: (info) =>
    [
      'socket',
      info.transparent === undefined ? '' : '--transparent',
      info.nowildcard === undefined ? '' : '--nowildcard',
      info.restore === undefined ? '' : '--restore-skmark',
    ]
      .filter((word) => word !== '')
      .join(' '),
  create: (info, { host }) => new SocketTest(info, host),
});
