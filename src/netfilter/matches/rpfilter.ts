/**
 * `-m rpfilter`: the way back to the packet's source leaves by the interface that the packet came in on. Linux:
 * ipt_rpfilter, ip6t_rpfilter. There is one routing table here, so `--validmark` changes nothing.
 */
import { defineMatch, type InfoOf, type MatchTest } from '../extension.ts';
import { Hook } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import type { HostServices } from '../host-services.ts';
import { flag } from '../syntax/values/index.ts';
import { PacketType, type PacketBuffer } from '../../wire/packet-buffer.ts';

class RpfilterTest implements MatchTest {
  private readonly host: HostServices;
  private readonly loose: boolean;
  private readonly acceptLocal: boolean;
  private readonly not: boolean;

  constructor(info: Info, host: HostServices) {
    this.host = host;
    this.loose = info.loose !== undefined;
    this.acceptLocal = info.acceptLocal !== undefined;
    this.not = info.invert !== undefined;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const ok =
      pkt.packetType === PacketType.LOOPBACK ||
      this.host.hasReversePath(pkt, at.iif, this.loose, this.acceptLocal);
    return ok !== this.not;
  }
}

const options = {
  loose: { value: flag, about: 'there is a way back by any interface' },
  validmark: { value: flag, about: "the packet's mark takes part in the lookup of the way back" },
  acceptLocal: { value: flag, name: 'accept-local', about: "this host's own addresses may be sources" },
  invert: { value: flag, about: 'matches packets that fail the test' },
} as const;

type Info = InfoOf<typeof options>;

export const rpfilter = defineMatch({
  name: 'rpfilter',
  about: "the way back to the packet's source is the way it came",
  tables: ['raw', 'mangle'],
  hooks: [Hook.PREROUTING],
  options,
  list: (info) =>
    [
      'rpfilter',
      info.loose === undefined ? '' : 'loose',
      info.validmark === undefined ? '' : 'validmark',
      info.acceptLocal === undefined ? '' : 'accept-local',
      info.invert === undefined ? '' : 'invert',
    ]
      .filter((word) => word !== '')
      .join(' '),
  create: (info, { host }) => new RpfilterTest(info, host),
});
