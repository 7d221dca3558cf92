/**
 * A case at random: a stretch of a capture taken through a gateway with random rules, some of its frames changed.
 *
 * The capture was taken without that gateway. So that replies find the connections that they belong to, Sluice takes
 * the frames through first, with the loop closed, and what goes into the case are the frames as it then addressed
 * them. Whatever Sluice gets wrong there is still the same input for both sides.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeLinkHeader, encapsulate, LinkHeader, LinkType, openCapture } from '../../capture/index.ts';
import { runReplay } from '../../replay/replay.ts';
import { dissectRecord, lookForInside } from '../../replay/side-finder.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { KernelCase } from '../kernel/ask.ts';
import { mac } from '../frames.ts';
import type { Gateway } from '../kernel/gateway-file.ts';
import { formatPcap, type InputFrame } from '../pcap.ts';
import type { Rules } from '../kernel/session.ts';
import { Chance } from './chance.ts';
import { factsOf } from './facts.ts';
import { MAC, makeGateway, SIDES, type Side } from './gateway.ts';
import { icmpErrorAbout } from './icmp-errors.ts';
import { MUTATIONS } from './mutations.ts';
import { randomRules } from './rules.ts';

export interface Source {
  readonly path: string;
  /** Addresses on the inside, without prefix lengths. */
  readonly inside: readonly string[];
  readonly frames: readonly Uint8Array[];
}

/** Beyond this, frames are what an interface put together (receive offload): no link carries them. */
const LONGEST_FRAME = 1514;
const MUTATED = 0.15;
const REPORTED = 0.06;
const LOGGING = 0.15;
const FIRST_TIME = 1_700_000_000;

export function openSource(path: string): Source {
  const reader = openCapture(path);
  const header = new LinkHeader();
  const packet = new PacketBuffer();
  const room = new Uint8Array(1 << 17);
  const frames: Uint8Array[] = [];
  try {
    while (reader.next()) {
      const { record } = reader;
      if (record.linkType === LinkType.Ethernet) frames.push(record.bytes.slice(record.start, record.end));
      else if (dissectRecord(record, header, packet)) {
        decodeLinkHeader(record, header);
        const length = encapsulate(
          record,
          header,
          room,
          Uint8Array.from(mac(MAC.eth0)),
          Uint8Array.from(mac(MAC.nextToEth0)),
        );
        frames.push(room.slice(0, length));
      }
    }
  } finally {
    reader.close();
  }
  return {
    path,
    inside: lookForInside(path).map((text) => text.replace(/\/.*/, '')),
    frames: frames.filter((frame) => frame.length <= LONGEST_FRAME),
  };
}

/** @param packets - how many frames of the capture, at most; mutations make it a few more */
export function randomCase(source: Source, seed: number, packets: number): KernelCase {
  const chance = new Chance(seed);
  const first = chance.is(0.6) ? 0 : chance.below(Math.max(1, source.frames.length - packets));
  const frames = source.frames.slice(first, first + packets);
  const gateway = makeGateway(chance, source.inside);
  const mayLog = chance.is(LOGGING);
  const rules: Rules = {
    v4: randomRules({ chance, facts: factsOf(frames, 4), family: 4, mayLog }),
    v6: randomRules({ chance, facts: factsOf(frames, 6), family: 6, mayLog }),
  };
  const input = mutate(chance, throughGateway(frames, rules, gateway));
  return { rules, gateway, input };
}

interface Passed {
  readonly iface: Side;
  readonly frame: Uint8Array;
  readonly out: readonly { readonly iface: string; readonly frame: Uint8Array }[];
}

function throughGateway(frames: readonly Uint8Array[], rules: Rules, gateway: Gateway): Passed[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-random-'));
  const passed: Passed[] = [];
  try {
    const path = join(folder, 'both.pcap');
    writeFileSync(path, formatPcap(frames.map((frame, i) => ({ frame, time: FIRST_TIME + i / 10_000 }))));
    runReplay(
      {
        rules: { text: rules.v4 ?? '', file: 'rules.v4' },
        rules6: { text: rules.v6 ?? '', file: 'rules.v6' },
        gateway: { value: gateway, file: 'gateway' },
        inputs: [{ iface: null, path }],
      },
      {
        packet: ({ in: iface, frame, out }) => {
          if (isSide(iface) && frame.length <= LONGEST_FRAME) passed.push({ iface, frame, out });
        },
      },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
  return passed;
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
