/**
 * A replay through a switch instead of a gateway: the gateway file has `switch: { model: learning, ports: … }`, captures
 * arrive on its ports (`--in p1=CAPTURE`), and `out` names ports. No rules, no connections; at the end what the switch
 * knows.
 */
import { VirtualClock } from '../base/clock.ts';
import { didYouMean } from '../base/did-you-mean.ts';
import { SluiceError } from '../base/errors.ts';
import { objectAt, onlyKeys, type PlainObject } from '../base/plain-object.ts';
import { SeededRng } from '../base/rng.ts';
import { LinkType, linkTypeName } from '../capture/index.ts';
import { DropReason, dropReasonName, dropReasonText } from '../netfilter/drop-reason.ts';
import { Action, ACTION_TEXTS, makeSwitch, parseSwitchConfig, type VirtualSwitch } from '../vswitch/index.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import { verdictOf } from './fate.ts';
import { MergedInput } from './merged-input.ts';
import type { ReplayListener, ReplayOptions } from './options.ts';
import type { OutFrame } from './outcome.ts';
import { countReasons, Totals, verdictCounts } from './summarise.ts';
import type { ReplaySummary } from './summary.ts';

const DEFAULT_SEED = 1;
const PROGRESS_STEP = 4096;
const ACTION_NAMES = Object.keys(Action);

/** True when the gateway file describes a switch. */
export function describesSwitch({ gateway }: Pick<ReplayOptions, 'gateway'>): boolean {
  const value = gateway?.value;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'switch');
}

export function replaySwitch(options: ReplayOptions, listener: ReplayListener): ReplaySummary {
  refuseRules(options);
  const file = objectAt(options.gateway!.value, 'gateway');
  onlyKeys(file, '', ['switch']);
  const input = new MergedInput(options.inputs);
  try {
    return new SwitchReplay(options, file, input, listener).run();
  } finally {
    input.close();
  }
}

function refuseRules({ rules, rules6, inputs }: ReplayOptions): void {
  const refuse = (message: string): never => {
    throw new SluiceError('USAGE', message);
  };
  if (rules !== undefined || rules6 !== undefined)
    refuse('the gateway file describes a switch, which has no rules');
  if (inputs.length === 0) refuse('no capture given');
  if (inputs.some(({ iface }) => iface === null)) {
    refuse('frames arrive on the ports of a switch: --in PORT=CAPTURE for every capture');
  }
}

class SwitchReplay {
  private readonly input: MergedInput;
  private readonly listener: ReplayListener;
  private readonly clock: VirtualClock;
  private readonly switch: VirtualSwitch;
  /** By input: index of the port. */
  private readonly portOf: readonly number[];
  private readonly paths: readonly string[];
  private readonly actions = new Float64Array(ACTION_NAMES.length);
  private out: OutFrame[] = [];

  constructor(options: ReplayOptions, file: PlainObject, input: MergedInput, listener: ReplayListener) {
    this.input = input;
    this.listener = listener;
    this.clock = new VirtualClock(input.firstTimeUs);
    const isWatched = listener.packet !== undefined;
    this.switch = makeSwitch(parseSwitchConfig(file['switch'], 'switch', 'switch'), {
      clock: this.clock,
      rng: new SeededRng(options.seed ?? DEFAULT_SEED),
      sink: {
        frame: (port, bytes, start, end) => {
          if (isWatched) this.out.push({ iface: port.name, frame: bytes.slice(start, end) });
        },
      },
    });
    this.paths = options.inputs.map(({ path }) => path);
    this.portOf = options.inputs.map(({ iface }) => this.portNamed(iface!));
  }

  run(): ReplaySummary {
    const { input, clock, listener } = this;
    const totals = new Totals(clock.now);
    const pkt = new PacketBuffer();
    let n = 0;
    while (input.next()) {
      const { record } = input;
      n++;
      totals.add(record);
      clock.advanceTo(input.timeUs);
      this.tellTimers();
      if (record.linkType !== LinkType.Ethernet) {
        throw new SluiceError(
          'CAPTURE_LINK_TYPE',
          `a switch takes Ethernet frames, and here are ${linkTypeName(record.linkType)}`,
          { file: this.paths[input.index] },
        );
      }
      pkt.reset(record.bytes, record.start, record.end);
      pkt.cause = n;
      this.switch.receive(this.portOf[input.index]!, pkt);
      if (pkt.dropReason === DropReason.NONE) this.actions[this.switch.action]!++;
      if (listener.packet !== undefined) this.tell(pkt, n);
      if (n % PROGRESS_STEP === 0) listener.progress?.(input.consumed, input.size, n);
    }
    listener.progress?.(input.consumed, input.size, n);
    totals.lastTimeUs = clock.now;
    const summary = this.summary(totals);
    listener.ended?.({ clock, gateway: null, flows: null, switch: this.switch });
    return summary;
  }

  /** What the switch sent by itself since the last frame. */
  private tellTimers(): void {
    if (this.out.length === 0) return;
    this.listener.timer?.({ timeUs: this.clock.now, out: this.out, log: [] });
    this.out = [];
  }

  private tell(pkt: PacketBuffer, n: number): void {
    const { dropReason } = pkt;
    const dropped = dropReason !== DropReason.NONE;
    this.listener.packet!({
      n,
      timeUs: this.clock.now,
      in: this.input.iface!,
      frame: pkt.bytes.slice(pkt.start, pkt.end),
      verdict: verdictOf(dropReason),
      reason: dropped ? dropReasonText(dropReason) : ACTION_TEXTS[this.switch.action]!,
      reasonCode: dropped ? dropReasonName(dropReason) : ACTION_NAMES[this.switch.action]!,
      rule: null,
      ruleObject: null,
      out: this.out,
      conntrack: null,
      translation: null,
      trace: [],
      log: [],
      notes: [],
    });
    this.out = [];
  }

  private summary(totals: Totals): ReplaySummary {
    const { input } = this;
    const actions = ACTION_NAMES.map((code, i) => ({
      code,
      text: ACTION_TEXTS[i]!,
      frames: this.actions[i]!,
    }));
    const reasons = countReasons(this.switch.dropCounts, actions);
    const isEmpty = totals.frames === 0;
    return {
      frames: totals.frames,
      bytes: totals.bytes,
      firstTimeUs: isEmpty ? null : totals.firstTimeUs,
      lastTimeUs: isEmpty ? null : totals.lastTimeUs,
      verdicts: verdictCounts(reasons),
      reasons,
      interfaces: this.switch.ports.map(({ name, rxFrames, rxBytes, txFrames, txBytes }) => ({
        name,
        received: rxFrames,
        receivedBytes: rxBytes,
        sent: txFrames,
        sentBytes: txBytes,
      })),
      tables: { v4: '', v6: '' },
      sets: [],
      accounting: [],
      rulesets: [],
      conntrack: [],
      expectations: [],
      flows: [],
      calls: [],
      addresses: this.switch.table(),
      notes: [],
      truncated: input.truncated,
      warnings: input.warnings,
    };
  }

  private portNamed(name: string): number {
    const known = this.switch.ports.map((port) => port.name);
    const index = known.indexOf(name);
    if (index >= 0) return index;
    throw new SluiceError(
      'USAGE',
      `the switch has no port "${name}"${didYouMean(name, known)}; it has ${known.join(', ')}`,
    );
  }
}
