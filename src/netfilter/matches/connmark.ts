/**
 * `-m connmark`: the connection's mark. Linux: xt_connmark. A packet without a connection never matches, inverted or
 * not.
 */
import type { ConntrackView } from '../conntrack/view.ts';
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { masked, type Masked } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

class ConnmarkTest implements MatchTest {
  private readonly conntrack: ConntrackView;
  private readonly value: number;
  private readonly mask: number;
  private readonly not: boolean;

  constructor(given: Given<Masked>, conntrack: ConntrackView) {
    this.conntrack = conntrack;
    this.value = given.value.value;
    this.mask = given.value.mask;
    this.not = given.not;
  }

  test(pkt: PacketBuffer): boolean {
    const entry = pkt.ct;
    if (entry === 0) return false;
    // A template of -j CT (negative) has the mark 0.
    const mark = entry > 0 ? this.conntrack.mark[entry]! : 0;
    return ((mark & this.mask) === this.value) !== this.not;
  }
}

export const connmark = defineMatch({
  name: 'connmark',
  about: "the connection's mark",
  needsConntrack: true,
  options: {
    mark: { value: masked, negate: true, required: true, about: 'the mark, of the bits in the mask' },
  },
  list: (info, family) =>
    `connmark match ${info.mark!.not ? '!' : ''} ${masked.print(info.mark!.value, family)}`,
  create: (info, { conntrack }) => new ConnmarkTest(info.mark!, conntrack),
});
