/**
 * A replay: captures in, outcomes out, on virtual time. The clock is moved by the captures' time stamps (never back),
 * timers of the gateway run as it moves, and each frame is taken through the gateway before the next is looked at.
 *
 *     options ─► plan.ts ─► setup.ts ─► a gateway (stack/gateway.ts) and a driver (drivers/)
 *     captures ─► merged-input.ts ─► driver: prepare, run ─► recorder.ts ─► PacketOutcome ─► who listens
 *                                                                     └───► summarise.ts ─► ReplaySummary
 *
 *     runReplay({ rules: { text, file }, inputs: [{ iface: null, path: 'trace.pcap' }] }, { packet: console.log })
 */
import type { PacketOutcome } from './outcome.ts';
import { Prepared } from './drivers/driver.ts';
import { Fate } from './fate.ts';
import { MergedInput } from './merged-input.ts';
import type { ReplayListener, ReplayOptions } from './options.ts';
import { planReplay } from './plan.ts';
import { Recorder } from './recorder.ts';
import { setUp, type Setup } from './setup.ts';
import { summarise, Totals } from './summarise.ts';
import type { ReplaySummary } from './summary.ts';
import { describesSwitch, replaySwitch } from './switch-replay.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';

/** Frames between two calls of `progress`. */
const PROGRESS_STEP = 4096;

/**
 * Runs to the end of the captures. Throws SluiceError for whatever can't be read: rules, gateway and captures before the
 * first frame, a broken capture after everything in front of the broken place was reported.
 */
export function runReplay(options: ReplayOptions, listener: ReplayListener = {}): ReplaySummary {
  if (describesSwitch(options)) return replaySwitch(options, listener);
  const plan = planReplay(options);
  const recorder = new Recorder(listener);
  const input = new MergedInput(options.inputs);
  try {
    const setup = setUp(options, plan, recorder, input.firstTimeUs);
    setup.flows.wanted = listener.flows === true;
    const totals = replay(setup, input, recorder, listener);
    const summary = summarise(setup, input, recorder, totals);
    const { clock, gateway, flows } = setup;
    listener.ended?.({ clock, gateway, flows, switch: null });
    return summary;
  } finally {
    input.close();
  }
}

function replay(setup: Setup, input: MergedInput, recorder: Recorder, listener: ReplayListener): Totals {
  const { clock, driver, gateway } = setup;
  const { netfilter } = gateway;
  const totals = new Totals(clock.now);
  const pkt = new PacketBuffer();
  const notes = () => driver.notes();
  let n = 0;
  while (input.next()) {
    const { record } = input;
    n++;
    totals.add(record);
    // From here on the time is the clock's: handed about as an argument, a number that large would be allocated.
    clock.advanceTo(input.timeUs);
    recorder.flushTimers();
    const prepared = driver.prepare(record, input.index, pkt);
    if (prepared === Prepared.READY) {
      pkt.cause = n;
      recorder.begin(pkt);
      driver.run(pkt);
      recorder.finish(pkt, n, driver.ifaceName, notes);
      netfilter.release(pkt);
    } else {
      const fate = prepared === Prepared.SENT_BEFORE ? Fate.SENT : Fate.NOT_IP;
      recorder.skip(pkt, fate, n, driver.ifaceName, notes);
    }
    if (n % PROGRESS_STEP === 0) listener.progress?.(input.consumed, input.size, n);
  }
  listener.progress?.(input.consumed, input.size, n);
  totals.lastTimeUs = clock.now;
  return totals;
}

export type { PacketOutcome, ReplayListener, ReplayOptions, ReplaySummary };
