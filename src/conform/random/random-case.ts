/**
 * A case at random: a stretch of a capture taken through a gateway with random rules, some of its frames changed.
 *
 * The capture was taken without that gateway. So that replies find the connections that they belong to, Sluice takes
 * the frames through first, with the loop closed, and what goes into the case are the frames as it then addressed
 * them. Whatever Sluice gets wrong there is still the same input for both sides.
 */
import { lookForInside } from '../../replay/side-finder.ts';
import { framesToGateway, LONGEST_FRAME, readFrames, type Passed } from '../captured.ts';
import type { KernelCase } from '../kernel/ask.ts';
import type { Rules } from '../kernel/session.ts';
import type { InputFrame } from '../pcap.ts';
import { MAC, SIDES, type Side } from '../standard-gateway.ts';
import { Chance } from './chance.ts';
import { factsOf } from './facts.ts';
import { makeGateway } from './gateway.ts';
import { icmpErrorAbout } from './icmp-errors.ts';
import { MUTATIONS } from './mutations/index.ts';
import { withNamedObjects } from './named-objects.ts';
import { randomRules } from './rules.ts';

export interface Source {
  readonly path: string;
  /** Addresses on the inside, without prefix lengths. */
  readonly inside: readonly string[];
  readonly frames: readonly Uint8Array[];
}

const MUTATED = 0.15;
const REPORTED = 0.06;
const LOGGING = 0.15;
const FIRST_TIME = 1_700_000_000;

export function openSource(path: string): Source {
  const frames = readFrames(path, MAC.eth0).map(({ frame }) => frame);
  return {
    path,
    inside: lookForInside(path).map((text) => text.replace(/\/.*/, '')),
    // What is longer, an interface put together (receive offload): no link carries it.
    frames: frames.filter((frame) => frame.length <= LONGEST_FRAME),
  };
}

/** @param packets - how many frames of the capture, at most; mutations make it a few more */
export function randomCase(source: Source, seed: number, packets: number): KernelCase {
  const chance = new Chance(seed);
  const first = chance.is(0.6) ? 0 : chance.below(Math.max(1, source.frames.length - packets));
  const frames = source.frames.slice(first, first + packets);
  const plain = makeGateway(chance, source.inside);
  const mayLog = chance.is(LOGGING);
  const facts = { 4: factsOf(frames, 4), 6: factsOf(frames, 6) };
  const v4 = randomRules({ chance, facts: facts[4], family: 4, mayLog });
  const v6 = randomRules({ chance, facts: facts[6], family: 6, mayLog });
  const rules: Rules = { v4, v6 };
  const gateway = withNamedObjects(plain, v4 + v6, chance, facts);
  const timed = frames.map((frame, i) => ({ frame, time: FIRST_TIME + i / 10_000 }));
  const input = mutate(chance, framesToGateway(timed, rules, gateway));
  return { rules, gateway, input };
}

function isSide(iface: string): iface is Side {
  return (SIDES as readonly string[]).includes(iface);
}

function mutate(chance: Chance, passed: readonly Passed[]): InputFrame[] {
  const input: InputFrame[] = [];
  const push = (iface: Side, frame: Uint8Array): void => {
    if (frame.length < 14 || frame.length > LONGEST_FRAME) return;
    input.push({ iface, time: FIRST_TIME + input.length / 1000, frame });
  };
  for (const { iface, frame, out } of passed) {
    if (!isSide(iface)) continue;
    const frames = chance.is(MUTATED) ? chance.weighted(MUTATIONS)(chance, frame, iface) : null;
    for (const made of frames ?? [frame]) push(iface, made);
    for (const sent of out) {
      if (!chance.is(REPORTED)) continue;
      const error = icmpErrorAbout(chance, sent.frame, sent.iface as Side);
      if (error !== null) push(sent.iface as Side, error);
    }
  }
  return input;
}
