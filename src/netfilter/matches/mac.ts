/**
 * `-m mac`: the source MAC address of the frame. Linux: xt_mac. A packet that came without an Ethernet header never
 * matches, inverted or not.
 */
import { defineMatch, type Given, type MatchTest, type ValueType } from '../extension.ts';
import { Hook } from '../hook.ts';
import { ValueError } from '../syntax/value-error.ts';
import { macAddress } from '../syntax/values/index.ts';
import { equalBytes } from '../../wire/bytes.ts';
import * as ethernet from '../../wire/ethernet.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const SOURCE_AT = 6;

const source: ValueType<Uint8Array> = {
  ...macAddress,
  parse(words, use) {
    try {
      return macAddress.parse(words, use);
    } catch {
      throw new ValueError('Invalid MAC address specified.');
    }
  },
};

class MacTest implements MatchTest {
  private readonly address: Uint8Array;
  private readonly not: boolean;

  constructor(given: Given<Uint8Array>) {
    this.address = given.value;
    this.not = given.not;
  }

  test(pkt: PacketBuffer): boolean {
    if (pkt.l2 < 0 || pkt.l2 + ethernet.HEADER_LENGTH > pkt.l3) return false;
    return equalBytes(pkt.bytes, pkt.l2 + SOURCE_AT, this.address, 0, 6) !== this.not;
  }
}

export const mac = defineMatch({
  name: 'mac',
  about: 'the source MAC address',
  hooks: [Hook.PREROUTING, Hook.INPUT, Hook.FORWARD],
  options: {
    source: {
      value: source,
      name: 'mac-source',
      negate: true,
      required: true,
      about: 'the address, six bytes in hexadecimal with colons',
    },
  },
  list: (info, family) => `MAC ${info.source!.not ? '! ' : ''}${source.print(info.source!.value, family)}`,
  create: (info) => new MacTest(info.source!),
});
