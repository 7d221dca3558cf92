/** Fragments, in order and not, overlapping, without end. */
import { echo, fragments, ipv4Packet, u16, udp } from '../make.ts';
import {
  OUT4,
  OUT6,
  SELF4,
  SELF6,
  data,
  from0,
  edited,
  piece,
  piece6,
  UDP40,
  type Step,
  type Scenario,
} from './network.ts';

const big = udp(OUT4, 1000, 2000, data(3000));
const big6 = udp(OUT6, 1000, 2000, data(3000));
const fragsOf = (bytes: readonly number[], size: number) =>
  fragments(bytes, size).map((bytes_) => from0(bytes_));
const tracked = (name: string, steps: readonly Step[], extra: Partial<Scenario> = {}): Scenario => ({
  name,
  steps,
  tracked: true,
  ...extra,
});
export const FRAGMENTS: readonly Scenario[] = [
  { name: 'without tracking fragments are forwarded one by one', steps: fragsOf(big, 1480) },
  tracked('tracked fragments leave together, as they came', fragsOf(big, 1480)),
  tracked('tracked fragments in reverse order', fragsOf(big, 1480).reverse()),
  tracked('tracked fragments of odd sizes', fragsOf(big, 504)),
  tracked('tracked fragments with a duplicate', [fragsOf(big, 1480)[0]!, ...fragsOf(big, 1480)]),
  tracked(
    'tracked fragments too large for the way',
    fragments(udp({ ...OUT4, to: '203.0.113.1' }, 1, 2, data(2500)), 1400).map((f) => from0(f)),
  ),
  tracked('tracked fragments with DF', [
    from0(piece(0, true, [...UDP40], 5, OUT4, 0x40)),
    from0(piece(40, false, data(16), 5, OUT4, 0x40)),
  ]),
  tracked('L3-3: overlapping fragments', [
    from0(piece(0, true, [...UDP40])),
    from0(piece(32, false, data(24))),
    from0(piece(40, false, data(16))),
  ]),
  tracked('L3-3: a second end', [
    from0(piece(0, true, [...UDP40])),
    from0(piece(80, false, data(8))),
    from0(piece(40, false, data(16))),
    from0(piece(40, true, data(40))),
  ]),
  tracked('L3-3: beyond 65535 bytes', [
    from0(piece(65528, false, data(16))),
    from0(piece(0, true, [...UDP40])),
  ]),
  tracked('L3-4: a tiny first fragment', [
    from0(piece(0, true, UDP40.slice(0, 8))),
    from0(piece(8, false, UDP40.slice(8))),
  ]),
  tracked('ECN: congestion in one fragment shows in all', [
    from0(edited(piece(0, true, [...UDP40]), { 1: 2 })),
    from0(edited(piece(40, false, data(16)), { 1: 3 })),
  ]),
  tracked('ECN: not capable and congestion do not go together', [
    from0(edited(piece(0, true, [...UDP40]), { 1: 0 })),
    from0(edited(piece(40, false, data(16)), { 1: 3 })),
  ]),
  tracked('options come back in all fragments as the first had them', [
    from0(edited(ipv4Packet(OUT4, 17, [...UDP40], { id: 4, options: [148, 4, 0, 0] }), { 6: 0x20 })),
    from0(piece(40, false, data(16), 4)),
  ]),
  tracked('IPv6 fragments leave together', fragsOf(big6, 1400)),
  tracked('IPv6 fragments in reverse order', fragsOf(big6, 1400).reverse()),
  tracked('IPv6 fragments smaller than the smallest MTU', fragsOf(big6, 504)),
  tracked('L3-6: an atomic IPv6 fragment', [
    from0(piece6(0, false, [...u16(1), ...u16(2), ...u16(8), ...u16(0x1234)])),
  ]),
  {
    name: 'L3-6: an atomic IPv6 fragment without tracking',
    steps: [from0(piece6(0, false, [...u16(1), ...u16(2), ...u16(8), ...u16(0x1234)]))],
  },
  tracked('L3-3: overlapping IPv6 fragments', [
    from0(piece6(0, true, UDP40)),
    from0(piece6(32, false, data(24))),
    from0(piece6(40, false, data(16))),
  ]),
  tracked('an IPv6 fragment that is no multiple of eight', [from0(piece6(0, true, data(35)))]),
  tracked('L3-6: an IPv6 first fragment without its transport header', [
    from0(piece6(0, true, [...u16(1), 0, 0, 0, 0, 0, 0, 0], 8, OUT6, 6)),
    from0(piece6(8, false, data(20), 8, OUT6, 6)),
  ]),
  {
    name: 'fragments for us are put together',
    steps: fragments(echo(SELF4, false, 1, 1, data(2000)), 1480).map((f) => from0(f)),
  },
  {
    name: 'IPv6 fragments for us are put together',
    steps: fragments(echo(SELF6, false, 1, 1, data(2000)), 1400).map((f) => from0(f)),
  },
  {
    name: 'an IPv6 fragment for us that is no multiple of eight',
    steps: [from0(piece6(0, true, data(35), 3, SELF6))],
  },
  {
    name: 'an IPv6 fragment for us beyond 65535 bytes',
    steps: [from0(piece6(65528, false, data(16), 3, SELF6))],
  },
  {
    name: 'an atomic IPv6 fragment for us',
    steps: [from0(piece6(0, false, udp(SELF6, 1, 2, data(4)).slice(40), 3, SELF6))],
  },
];

/** Scenarios in which half a minute passes; recorded, too, but with a namespace of their own that waits. */
export const SLOW_SCENARIOS: readonly Scenario[] = [
  tracked('forwarded fragments that time out are not reported', [
    from0(piece(0, true, [...UDP40])),
    { wait: 34 },
  ]),
  tracked('fragments for us that time out are reported', [
    from0(piece(0, true, [...UDP40], 77, SELF4)),
    { wait: 34 },
  ]),
  {
    name: 'untracked fragments for us that time out are reported',
    steps: [from0(piece(0, true, [...UDP40], 77, SELF4)), { wait: 34 }],
  },
  tracked('forwarded IPv6 fragments that time out', [from0(piece6(0, true, UDP40)), { wait: 64 }]),
  tracked('IPv6 fragments for us that time out', [from0(piece6(0, true, UDP40, 77, SELF6)), { wait: 64 }]),
  {
    name: 'untracked IPv6 fragments for us that time out',
    steps: [from0(piece6(0, true, UDP40, 77, SELF6)), { wait: 64 }],
  },
  tracked('fragments without the first that time out are not reported', [
    from0(piece(40, true, data(16), 77, SELF4)),
    { wait: 34 },
  ]),
];
