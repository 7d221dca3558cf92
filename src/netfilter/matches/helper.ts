/**
 * `-m helper`: the connection was expected by a helper, such as FTP's data connections by `ftp`. Linux: xt_helper. The
 * name looked at is that of the master's helper, and it need only begin what the rule says (`ftp-2121` is about `ftp`).
 */
import type { ConntrackView } from '../conntrack/view.ts';
import { defineMatch, type Given, type MatchTest, type ValueType } from '../extension.ts';
import { quote, text } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const NAME_MAX = 29;

/** Longer names are cut. */
const helperName: ValueType<string> = {
  ...text(NAME_MAX, 'name'),
  parse: ([word]) => [...word!].slice(0, NAME_MAX).join(''),
  print: (name) => (name === '' ? '""' : quote(name)),
};

class HelperTest implements MatchTest {
  private readonly conntrack: ConntrackView;
  private readonly name: string;
  private readonly not: boolean;

  constructor(given: Given<string>, conntrack: ConntrackView) {
    this.conntrack = conntrack;
    this.name = given.value;
    this.not = given.not;
  }

  test({ ct }: PacketBuffer): boolean {
    const master = ct > 0 ? this.conntrack.master(ct) : 0;
    const helper = master === 0 ? '' : this.conntrack.helperName(master);
    if (helper === '') return this.not;
    return (this.name === '' || this.name.startsWith(helper)) !== this.not;
  }
}

export const helper = defineMatch({
  name: 'helper',
  about: 'the connection was expected by a helper',
  needsConntrack: true,
  options: {
    helper: { value: helperName, negate: true, required: true, about: "the helper's name" },
  },
  list: (info) => `helper match ${info.helper!.not ? '! ' : ''}"${info.helper!.value}"`,
  create: (info, { conntrack }) => new HelperTest(info.helper!, conntrack),
});
