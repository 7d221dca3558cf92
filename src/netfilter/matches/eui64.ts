/**
 * `-m eui64`: the lower half of the IPv6 source address is made of the source MAC address (RFC 4291 appendix A).
 * Linux: ip6t_eui64.
 */
import { defineMatch, type MatchTest } from '../extension.ts';
import { Hook } from '../hook.ts';
import { ETH_P_IPV6 } from '../../wire/ether-type.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const SOURCE_MAC_AT = 6;
/** The lower half of the source address within the IP header. */
const INTERFACE_AT = 16;
const UNIVERSAL_BIT = 0x02;

class Eui64Test implements MatchTest {
  test(pkt: PacketBuffer): boolean {
    if (pkt.l2 < 0 || pkt.etherType !== ETH_P_IPV6) return false;
    const { bytes } = pkt;
    const mac = pkt.l2 + SOURCE_MAC_AT;
    const own = pkt.l3 + INTERFACE_AT;
    if ((bytes[mac]! ^ UNIVERSAL_BIT) !== bytes[own]) return false;
    if (bytes[own + 3] !== 0xff || bytes[own + 4] !== 0xfe) return false;
    for (let i = 1; i < 6; i++) if (bytes[mac + i] !== bytes[own + (i < 3 ? i : i + 2)]) return false;
    return true;
  }
}

export const eui64 = defineMatch({
  name: 'eui64',
  about: 'the IPv6 source address is made of the source MAC address',
  families: [6],
  hooks: [Hook.PREROUTING, Hook.INPUT, Hook.FORWARD],
  options: {},
  listsUnspaced: true,
  list: () => 'eui64 ',
  create: () => new Eui64Test(),
});
