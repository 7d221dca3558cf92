/**
 * Copies of packets whose checksum is wrong, made by TEE before and after tracking has seen that, where they come in, are
 * forwarded and leave; REJECT in OUTPUT answers those that tracking has looked at. Ports say who copies and how.
 */
import { TimeLine } from '../../flow.ts';
import { echo, packet, tcp, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const sides = [
  { from: '198.51.100.7', far: '10.0.0.2', own: '203.0.113.1' },
  { from: '2001:db8:9::7', far: 'fd00:a::2', own: '2001:db8:1::1' },
];

function spoilt(bytes: number[]): number[] {
  bytes[bytes.length - 1]! ^= 0x40;
  return bytes;
}

for (const { from, far, own } of sides) {
  for (const to of [far, own]) {
    // 1: raw PREROUTING; 2: mangle PREROUTING; 3: INPUT; 4: FORWARD; 5: POSTROUTING.
    for (const dport of [1, 2, 3, 4, 5]) {
      for (const spoil of [spoilt, (bytes: number[]) => bytes]) {
        line.outside(
          spoil(tcp({ from, to }, { sport: 4000, dport, seq: 7, flags: 'A', payload: text('odd') })),
        );
        line.outside(spoil(udp({ from, to }, 4000, dport, text('even'))));
      }
    }
    line.outside(spoilt(echo({ from, to }, false, 9, 1, text('an echo'))));
    line.outside(spoilt(packet({ from, to }, 132, text('a protocol of its own: sixteen'))));
    line.outside(spoilt(packet({ from, to }, 253, text('nothing that is known of it'))));
  }
}

export const steps = line.steps;
