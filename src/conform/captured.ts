/**
 * Captures as frames for a gateway. One taken on a wire of the gateway's is put in as it is; one that holds both
 * directions of somebody's traffic is taken through Sluice first, which finds the sides, closes the loop and addresses
 * the frames to the gateway. Whatever Sluice gets wrong there is still the same input for both.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeLinkHeader, encapsulate, LinkHeader, LinkType, openCapture } from '../capture/index.ts';
import type { InputSpec } from '../replay/merged-input.ts';
import { runReplay } from '../replay/replay.ts';
import { dissectRecord } from '../replay/side-finder.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import { mac } from './frames.ts';
import type { Gateway } from './kernel/gateway-file.ts';
import type { Rules } from './kernel/session.ts';
import { formatPcap, type InputFrame, type TimedFrame } from './pcap.ts';

/** The longest frame of Ethernet, without VLAN tags and checksum. */
export const LONGEST_FRAME = 1514;
const ROOM = 1 << 17; // bytes, above the longest record with a link header put in front
/** Of captures that have no Ethernet header: the gateway's interface is in no doubt, the sender is nobody. */
const UNKNOWN_SENDER = '02:00:00:00:01:01';

/**
 * The frames of a capture of any link type, those of others than Ethernet with a header for `macAddress`; what is no IP
 * packet there is left out.
 */
export function readFrames(path: string, macAddress: string): TimedFrame[] {
  const reader = openCapture(path);
  const header = new LinkHeader();
  const packet = new PacketBuffer();
  const room = new Uint8Array(ROOM);
  const [to, from] = [macAddress, UNKNOWN_SENDER].map((text) => Uint8Array.from(mac(text)));
  const frames: TimedFrame[] = [];
  try {
    while (reader.next()) {
      const { record } = reader;
      const time = record.timeUs / 1e6;
      if (record.linkType === LinkType.Ethernet) {
        frames.push({ time, frame: record.bytes.slice(record.start, record.end) });
      } else if (dissectRecord(record, header, packet)) {
        decodeLinkHeader(record, header);
        frames.push({ time, frame: room.slice(0, encapsulate(record, header, room, to!, from!)) });
      }
    }
  } finally {
    reader.close();
  }
  return frames;
}

export interface Passed extends InputFrame {
  /** What Sluice sent on account of it. */
  readonly out: readonly { readonly iface: string; readonly frame: Uint8Array }[];
}

/** Captures of both directions, as frames that arrive at the gateway. */
export function addressToGateway(
  inputs: readonly InputSpec[],
  rules: Rules,
  gateway: Gateway,
  inside?: readonly string[],
): Passed[] {
  const passed: Passed[] = [];
  runReplay(
    {
      rules: { text: rules.v4 ?? '', file: 'rules.v4' },
      rules6: { text: rules.v6 ?? '', file: 'rules.v6' },
      gateway: { value: gateway, file: 'gateway' },
      inputs,
      inside,
    },
    {
      packet: ({ in: iface, frame, timeUs, out }) => {
        if (Object.hasOwn(gateway.interfaces, iface)) passed.push({ iface, time: timeUs / 1e6, frame, out });
      },
    },
  );
  return passed;
}

/** The same for frames, as if they were a capture of both directions. */
export function framesToGateway(frames: readonly TimedFrame[], rules: Rules, gateway: Gateway): Passed[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-conform-'));
  try {
    const path = join(folder, 'both.pcap');
    writeFileSync(path, formatPcap(frames));
    return addressToGateway([{ iface: null, path }], rules, gateway);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
