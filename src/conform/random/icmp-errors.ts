/** What routers and hosts beyond the gateway would say about packets that it sent: ICMP errors that quote them. */
import { u16, u32 } from '../frames.ts';
import type { Chance } from './chance.ts';
import { MAC, NEXT, NEXT_MAC, type Side } from '../standard-gateway.ts';
import { frameOf, PacketEditor, Protocol } from './packet-editor.ts';

const KINDS: Readonly<Record<4 | 6, readonly (readonly [type: number, code: number])[]>> = {
  4: [
    [3, 0],
    [3, 1],
    [3, 3],
    [3, 4],
    [3, 13],
    [4, 0],
    [5, 1],
    [11, 0],
    [11, 1],
    [12, 0],
  ],
  6: [
    [1, 0],
    [1, 1],
    [1, 4],
    [2, 0],
    [3, 0],
    [3, 1],
    [4, 0],
    [4, 1],
    [137, 0],
  ],
};

/** @param sent - a frame that the gateway sent out of `side`, or that came in there (then it is about nothing known) */
export function icmpErrorAbout(chance: Chance, sent: Uint8Array, side: Side): Uint8Array | null {
  const packet = new PacketEditor(sent);
  const { family } = packet;
  if (family === 0) return null;
  const quoted = quote(chance, packet);
  const [type, code] = chance.pick(KINDS[family]);
  const isTooBig = family === 4 ? code === 4 : type === 2;
  const rest = isTooBig ? u32(chance.pick([1280, 1400, 600, 68, 0])) : u32(0);
  const { from, to } = packet.ends;
  const reporter = chance.is(0.6) ? to : NEXT[family][side];
  return frameOf(
    MAC[side],
    NEXT_MAC[side],
    { from: reporter, to: from },
    family === 4 ? Protocol.ICMP : Protocol.ICMPV6,
    [type, code, ...u16(0), ...rest, ...quoted],
  );
}

/** The beginning of the packet, sometimes too little of it, sometimes changed underway. */
function quote(chance: Chance, packet: PacketEditor): number[] {
  const whole = packet.datagram();
  const least = packet.family === 4 ? packet.headerLength + 8 : 48;
  const lengths = [least, least + 20, 128, 548, whole.length, chance.between(0, least + 8)];
  const quoted = whole.slice(0, chance.pick(lengths));
  if (chance.is(0.1) && quoted.length > 0) quoted[chance.below(quoted.length)]! ^= 1 << chance.below(8);
  return quoted;
}
