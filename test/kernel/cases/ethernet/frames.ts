/** Frames of other kinds and other people's: which of them reach the packet filter, and which go on. */
import { MAC, TimeLine } from '../../flow.ts';
import { ethernet, mac, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (const ends of [
  { from: '10.0.0.2', to: '198.51.100.7' },
  { from: 'fd00:a::2', to: '2001:db8:9::7' },
]) {
  const packet = udp(ends, 1, 2, text('payload'));
  const other = ends.from.includes(':') ? [0x08, 0x00] : [0x86, 0xdd];
  const own = ends.from.includes(':') ? [0x86, 0xdd] : [0x08, 0x00];
  const frame = (middle: readonly number[], bytes: readonly number[]): Uint8Array =>
    Uint8Array.from([...mac(MAC.eth0), ...mac(MAC.inside), ...middle, ...bytes]);
  for (const to of [
    MAC.eth0,
    MAC.eth1,
    'ff:ff:ff:ff:ff:ff',
    '01:00:5e:00:00:01',
    '33:33:00:00:00:01',
    '02:00:00:00:00:77',
  ]) {
    line.frame('eth0', ethernet(to, MAC.inside, packet));
  }
  // Tagged for VLAN 5, priority-tagged, tagged twice; the type of the other family; unknown; a length (802.3).
  line.frame('eth0', frame([0x81, 0x00, 0x00, 0x05, ...own], packet));
  line.frame('eth0', frame([0x81, 0x00, 0x60, 0x00, ...own], packet));
  line.frame('eth0', frame([0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06, ...own], packet));
  line.frame('eth0', frame(other, packet));
  line.frame('eth0', frame([0x88, 0xb5], packet));
  line.frame('eth0', frame([0x00, packet.length + 8, 0xaa, 0xaa, 0x03, 0, 0, 0, ...own], packet));
  // Cut at every place in the header, from the bare Ethernet header on; padded; from a group address.
  for (const length of [0, 1, 8, 19, 20, 27, 28, 39, 40, 41, 47])
    line.frame('eth0', frame(own, packet.slice(0, length)));
  line.frame('eth0', frame(own, [...packet, ...new Array<number>(30).fill(0xee)]));
  line.frame('eth0', ethernet(MAC.eth0, 'ff:ff:ff:ff:ff:ff', packet));
  line.frame('eth0', ethernet(MAC.eth0, MAC.eth0, packet));
}

export const steps = line.steps;
