/**
 * `-m connlabel`: one of 128 labels of the connection. Linux: xt_connlabel. Labels may have names (conntrack/label-names.ts): a
 * rule is read and printed with those that are known where it was read.
 */
import { LabelNames } from '../conntrack/label-names.ts';
import { LABEL_COUNT } from '../conntrack/labels.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import {
  defineMatch,
  type Given,
  type MatchExtension,
  type MatchTest,
  type ValueType,
} from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, parseUnsigned } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const MAX_LABEL = LABEL_COUNT - 1;
const MAX_NUMBER = 0xffff;

function labelWith(names: LabelNames): ValueType<number> {
  return {
    label: names.isEmpty ? 'number' : 'name|number',
    choices: names.all,
    parse(words) {
      const number = parseUnsigned(words[0]!);
      if (number >= 0 && number <= MAX_NUMBER) return number;
      const named = names.numberOf(words[0]!);
      if (named === undefined) throw new ValueError(`label '${words[0]!}' not found or invalid value`);
      return named;
    },
    print: (value) => `"${names.nameOf(value) ?? value}"`,
  };
}

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
    if (this.sets) return conntrack.setLabel(pkt.ct, bit) !== this.not;
    return conntrack.hasLabel(pkt.ct, bit) !== this.not;
  }
}

/** The match as those see it who know these names. */
export function connlabelWith(names: LabelNames): MatchExtension {
  return defineMatch({
    name: 'connlabel',
    about: 'a label of the connection',
    needsConntrack: true,
    stateful: true,
    options: {
      label: {
        value: labelWith(names),
        negate: true,
        required: true,
        about: `its name, or its number, 0 to ${MAX_LABEL}`,
      },
      set: { value: flag, about: 'gives the connection the label; matches when it has it then' },
    },
    check(info) {
      if (info.label!.value > MAX_LABEL) throw new ValueError('Numerical result out of range', 'REFUSED');
    },
    list({ label: given, set }, _family, numeric) {
      const name = numeric ? undefined : names.nameOf(given!.value);
      const text = name === undefined ? given!.value : `'${name}'`;
      return `connlabel ${given!.not ? '! ' : ''}${text}${set === undefined ? '' : ' set'}`;
    },
    create(info, { conntrack }) {
      conntrack.useLabels();
      return new ConnlabelTest(info.label!, info.set !== undefined, conntrack);
    },
  });
}

export const connlabel = connlabelWith(new LabelNames());
