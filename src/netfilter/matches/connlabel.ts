/**
 * `-m connlabel`: one of 128 labels of the connection. Linux: xt_connlabel. Names of labels stand in a file of the system
 * (/etc/xtables/connlabel.conf), which is empty unless somebody fills it: here labels are numbers.
 */
import type { ConntrackView } from '../conntrack/view.ts';
import { defineMatch, type Given, type MatchTest, type ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, parseUnsigned } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const MAX_LABEL = 127;
const MAX_NUMBER = 0xffff;

const label: ValueType<number> = {
  label: 'number',
  parse(words) {
    const number = parseUnsigned(words[0]!);
    if (number < 0 || number > MAX_NUMBER)
      throw new ValueError(`label '${words[0]!}' not found or invalid value`);
    return number;
  },
  print: (value) => `"${value}"`,
};

class ConnlabelTest implements MatchTest {
  private readonly conntrack: ConntrackView;
  private readonly label: number;
  private readonly not: boolean;
  private readonly sets: boolean;

  constructor({ value, not }: Given<number>, sets: boolean, conntrack: ConntrackView) {
    this.conntrack = conntrack;
    this.label = value;
    this.not = not;
    this.sets = sets;
  }

  test(pkt: PacketBuffer): boolean {
    if (pkt.ct <= 0) return this.not;
    const { conntrack, label: bit } = this;
    // Of a label that can be set, inverted or not, this is the outcome of setting it.
    if (this.sets) {
      conntrack.setLabel(pkt.ct, bit);
      return !this.not;
    }
    return conntrack.hasLabel(pkt.ct, bit) !== this.not;
  }
}

export const connlabel = defineMatch({
  name: 'connlabel',
  about: 'a label of the connection',
  needsConntrack: true,
  stateful: true,
  options: {
    label: { value: label, negate: true, required: true, about: `its number, 0 to ${MAX_LABEL}` },
    set: { value: flag, about: 'gives the connection the label; matches when it has it then' },
  },
  check(info) {
    if (info.label!.value > MAX_LABEL) throw new ValueError('Numerical result out of range', 'REFUSED');
  },
  list: ({ label: given, set }) =>
    `connlabel ${given!.not ? '! ' : ''}${given!.value}${set === undefined ? '' : ' set'}`,
  create: (info, { conntrack }) => new ConnlabelTest(info.label!, info.set !== undefined, conntrack),
});
