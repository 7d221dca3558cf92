/**
 * SNMP's helper rewrites addresses in answers to whoever is behind a translation, and in traps; messages well and ill made, each way round.
 * NetBIOS's does nothing for packets that pass by.
 */
import { TimeLine } from '../../flow.ts';
import { address, u32, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const [SNMP, TRAP, NETBIOS] = [161, 162, 137];
const [HIDDEN, PORT_FORWARDED, PUBLIC, MANAGER] = ['10.0.0.2', '10.0.0.3', '203.0.113.1', '198.51.100.7'];

function ber(tag: number, ...parts: readonly (readonly number[])[]): number[] {
  const body = parts.flat();
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return [tag, ...length, ...body];
}
const integer = (value: number): number[] => ber(2, [value]);
const OID = ber(6, [0x2b, 6, 1, 2, 1, 4, 20]);
const binding = (value: readonly number[]): number[] => ber(0x30, OID, value);
const ip = (value: string): number[] => ber(0x40, address(value));

/** A message with these bindings. */
function message(pdu: number, bindings: readonly (readonly number[])[], version = [1]): number[] {
  const list = ber(0x30, ...bindings);
  return ber(
    0x30,
    ber(2, version),
    ber(4, [0x70, 0x75, 0x62]),
    ber(pdu, integer(7), integer(0), integer(0), list),
  );
}

const ALL = [HIDDEN, PORT_FORWARDED, PUBLIC, MANAGER].map((one) => binding(ip(one)));
const OTHER_VALUES = [
  ber(2, [1, 2]),
  ber(4, [65, 66]),
  OID,
  ber(0x41, [1]),
  ber(0x42, [1]),
  ber(0x43, [1]),
  ber(0x44, [1]),
  ber(0x46, [1]),
  ber(5),
  ber(0x80),
  ber(0x81),
  ber(0x82),
].map(binding);

const v1Trap = ber(
  0x30,
  ber(2, [0]),
  ber(4, [0x70]),
  ber(0xa4, OID, ip(HIDDEN), integer(2), integer(0), ber(0x43, [9]), ber(0x30, binding(ip(HIDDEN)))),
);

const MESSAGES: readonly (readonly number[])[] = [
  ...[0xa0, 0xa1, 0xa2, 0xa3, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9].map((pdu) => message(pdu, ALL)),
  message(0xa2, [...OTHER_VALUES, ...ALL]),
  message(0xa2, [...ALL, ...OTHER_VALUES]),
  message(0xa2, ALL, [0]),
  message(0xa2, ALL, [2]),
  message(0xa2, ALL, [3]),
  message(0xa2, ALL, [0, 1]),
  message(0xa2, []),
  message(0xa2, [binding(ber(0x40, [10, 0, 0]))]),
  message(0xa2, [binding(ber(0x40))]),
  message(0xa2, [binding(ber(0x45, [1]))]),
  message(0xa2, [binding(ber(0x47, [1]))]),
  message(0xa2, [binding(ber(5, [1]))]),
  message(0xa2, [ber(0x30, OID)]),
  message(0xa2, [ber(0x30, OID, ip(HIDDEN), ip(HIDDEN))]),
  message(0xa2, [ber(0x31, OID, ip(HIDDEN))]),
  v1Trap,
  // Cut short, longer than it says, of no definite length, a wrong length, nothing.
  message(0xa2, ALL).slice(0, -1),
  [...message(0xa2, ALL), 0, 0],
  [0x30, 0x80, ...message(0xa2, ALL).slice(2), 0, 0],
  [0x30, 0x84, 0, 0, 0, 5, 2, 1, 1, 4, 0],
  ber(0x30, integer(1)),
  ber(0x30, integer(1), ber(4, [1])),
  ber(0x30, integer(1), ber(4), ber(0xa2, integer(1), integer(0), integer(0))),
  ber(0x30, integer(1), ber(4), ber(0xa2, integer(1), integer(0), integer(0), ber(0x30)), integer(1)),
  ber(0x30, ber(4, [1]), ber(4), ber(0xa2)),
  [0x3f, 0x10, 0x00],
  [0x30],
  [],
];

let port = 1024;
const there = { from: HIDDEN, to: MANAGER };
const back = { from: MANAGER, to: PUBLIC };
for (const words of MESSAGES) {
  // Asked from behind the translation, answered by a station outside.
  line.inside(udp(there, ++port, SNMP, words));
  line.outside(udp(back, SNMP, port, words));
  // A forwarded agent that is asked from outside.
  line.outside(udp(back, port, SNMP, words));
  line.inside(udp({ from: PORT_FORWARDED, to: MANAGER }, SNMP, port, words));
  // Traps from behind it.
  line.inside(udp(there, port, TRAP, words));
}
line.outside(udp(back, TRAP, port, message(0xa7, ALL)));
// Nothing translated, a checksum that is none, a length that lies.
line.inside(udp({ from: '10.0.0.3', to: MANAGER }, 900, SNMP, [1, 2, 3]));
line.outside(udp({ from: MANAGER, to: '10.0.0.3' }, SNMP, 900, [1, 2, 3]));
for (const wrong of [
  (bytes: number[]) => bytes.splice(26, 2, 0, 0),
  (bytes: number[]) => bytes.splice(24, 2, 0, 40),
]) {
  const trap = udp(there, 901, TRAP, message(0xa7, ALL));
  wrong(trap);
  line.inside(trap);
}
// Name service, to one station and to all of them.
const query = [0, 1, 1, 0x10, ...u32(0x10000), ...u32(0)];
line.inside(udp(there, NETBIOS, NETBIOS, query));
line.outside(udp({ from: MANAGER, to: PUBLIC }, NETBIOS, NETBIOS, query));
line.inside(udp({ from: '10.0.0.3', to: '10.0.0.255' }, NETBIOS, NETBIOS, query));

export const steps = line.steps;
