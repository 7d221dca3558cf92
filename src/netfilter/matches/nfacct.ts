/**
 * `-m nfacct`: counts the packet in an accounting object, which `nfacct add` has made. Linux: xt_nfacct. It matches, unless
 * the object has a quota: then it matches once that is used up.
 */
import { defineMatch, type MatchTest, type ValueType } from '../extension.ts';
import type { AccountingObject } from '../named-objects.ts';
import { ValueError } from '../syntax/value-error.ts';
import { bytesOfText, quote } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const NAME_MAX = 31;

/** Longer names are cut. */
const objectName: ValueType<string> = {
  label: 'name',
  parse(words) {
    let name = words[0]!;
    while (bytesOfText(name).length > NAME_MAX) name = name.slice(0, -1);
    return name;
  },
  print: quote,
};

class NfacctTest implements MatchTest {
  private readonly object: AccountingObject;

  constructor(object: AccountingObject) {
    this.object = object;
  }

  test(pkt: PacketBuffer): boolean {
    return this.object.count(pkt.l3End - pkt.l3);
  }
}

export const nfacct = defineMatch({
  name: 'nfacct',
  about: 'counts the packet in an accounting object',
  stateful: true,
  options: {
    name: { value: objectName, name: 'nfacct-name', required: true, about: 'name of the object' },
  },
  check(info, use) {
    if (use.objects?.has('accounting', info.name!.value) !== true)
      throw new ValueError('No chain/target/match by that name', 'REFUSED');
  },
  // With two spaces, as iptables prints it.
  save: (info) => `--nfacct-name  ${quote(info.name!.value)}`,
  list: (info) => `nfacct-name  ${info.name!.value}`,
  create: (info, { objects }) => new NfacctTest(objects!.accounting.get(info.name!.value)!),
});
