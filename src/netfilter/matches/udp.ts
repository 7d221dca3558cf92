/**
 * `-m udp`: ports of UDP. Linux: xt_tcpudp. A header that is not all there drops the packet (hotdrop).
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { resolvedPortRange, type Range } from '../syntax/values/index.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { ALL_PORTS, isAllPorts, listPorts, portFacts } from './port-facts.ts';

class UdpTest implements MatchTest {
  readonly isSteady = true;
  private readonly sport: Range;
  private readonly dport: Range;
  private readonly sportNot: boolean;
  private readonly dportNot: boolean;

  constructor(sport: Given<Range> | undefined, dport: Given<Range> | undefined) {
    this.sport = sport?.value ?? ALL_PORTS;
    this.dport = dport?.value ?? ALL_PORTS;
    this.sportNot = sport?.not ?? false;
    this.dportNot = dport?.not ?? false;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.fragOffset !== 0) return false;
    if (pkt.l4Ok === 0) {
      at.hotdrop = true;
      return false;
    }
    const { sport, dport } = pkt;
    return (
      (sport >= this.sport.low && sport <= this.sport.high) !== this.sportNot &&
      (dport >= this.dport.low && dport <= this.dport.high) !== this.dportNot
    );
  }
}

export const udp = defineMatch({
  name: 'udp',
  about: 'ports of UDP',
  protocols: [IPPROTO_UDP],
  options: {
    sport: {
      value: resolvedPortRange,
      aliases: ['source-port'],
      negate: true,
      omit: isAllPorts,
      about: 'source port or range',
    },
    dport: {
      value: resolvedPortRange,
      aliases: ['destination-port'],
      negate: true,
      omit: isAllPorts,
      about: 'destination port or range',
    },
  },
  list: (info, _family, numeric) => `udp${listPorts(info, 'udp', numeric)}`,
  facts: portFacts,
  create: (info) => new UdpTest(info.sport, info.dport),
});
