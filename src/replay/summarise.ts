/** The end of a replay: counters of the recorder, the gateway and the captures made into a ReplaySummary. */
import type { CaptureRecord } from '../capture/index.ts';
import { DROP_REASON_COUNT, dropReasonName, dropReasonText } from '../netfilter/drop-reason.ts';
import { describeAccounting } from '../netfilter/accounting-text.ts';
import { saveSets } from '../netfilter/sets/index.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { printSave } from '../netfilter/syntax/save.ts';
import type { MergedInput } from './merged-input.ts';
import type { OutcomeVerdict } from './outcome.ts';
import { FATE_NAMES, FATE_TEXTS, verdictOf } from './fate.ts';
import type { Recorder } from './recorder.ts';
import type { Setup } from './setup.ts';
import type { ReasonCount, ReplaySummary } from './summary.ts';

/** Totals over the input, counted as it is read. */
export class Totals {
  frames = 0;
  bytes = 0;
  readonly firstTimeUs: number;
  lastTimeUs: number;

  constructor(startUs: number) {
    this.firstTimeUs = startUs;
    this.lastTimeUs = startUs;
  }

  add(record: CaptureRecord): void {
    this.frames++;
    this.bytes += record.end - record.start;
  }
}

export function summarise(
  setup: Setup,
  input: MergedInput,
  recorder: Recorder,
  totals: Totals,
): ReplaySummary {
  const { gateway, flows, notes } = setup;
  const { netfilter, conntrack } = gateway;
  const reasons = reasonCounts(recorder);
  const v4 = netfilter.ruleset(4);
  const v6 = netfilter.ruleset(6);
  // Texts of a million connections or rules are made when somebody asks, which a benchmark and a test rarely do.
  const texts = {
    tables: once(() => ({ v4: saved(v4), v6: saved(v6) })),
    conntrack: once(() => [...conntrack.list(4), ...conntrack.list(6)]),
    expectations: once(() => [...conntrack.listExpectations(4), ...conntrack.listExpectations(6)]),
  };
  const { sets, accounting } = gateway.objects;
  return {
    frames: totals.frames,
    bytes: totals.bytes,
    firstTimeUs: totals.frames === 0 ? null : totals.firstTimeUs,
    lastTimeUs: totals.frames === 0 ? null : totals.lastTimeUs,
    verdicts: verdictCounts(reasons),
    reasons,
    interfaces: [...gateway.host.devices.all()]
      .filter(({ isLoopback }) => !isLoopback)
      .map((device) => ({
        name: device.name,
        received: device.rxPackets,
        receivedBytes: device.rxBytes,
        sent: device.txPackets,
        sentBytes: device.txBytes,
      })),
    get tables() {
      return texts.tables();
    },
    rulesets: [v4, v6].filter((ruleset) => ruleset !== null),
    get conntrack() {
      return texts.conntrack();
    },
    get expectations() {
      return texts.expectations();
    },
    sets: saveSets(sets),
    accounting: [...accounting.values()].map(describeAccounting),
    flows: [...flows.all],
    calls: [...flows.calls.all],
    notes,
    truncated: input.truncated,
    warnings: input.warnings,
  };
}

/** Computes its value at the first call. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

function saved(ruleset: Ruleset | null): string {
  return ruleset === null ? '' : printSave(ruleset, { counters: true });
}

function reasonCounts(recorder: Recorder): ReasonCount[] {
  const fates = FATE_NAMES.map((code, fate) => ({
    code,
    text: FATE_TEXTS[fate]!,
    frames: recorder.fates[fate]!,
  }));
  return countReasons(recorder.dropped, fates);
}

/** Frames dropped, by DropReason, and those that were not, by what became of them; the most frequent first. */
export function countReasons(
  dropped: Float64Array,
  others: readonly Omit<ReasonCount, 'verdict'>[],
): ReasonCount[] {
  const counts: ReasonCount[] = others.map((other) => ({ ...other, verdict: 'ACCEPT' }));
  for (let reason = 1; reason < DROP_REASON_COUNT; reason++) {
    counts.push({
      code: dropReasonName(reason),
      text: dropReasonText(reason),
      verdict: verdictOf(reason),
      frames: dropped[reason]!,
    });
  }
  return counts.filter(({ frames }) => frames > 0).sort((a, b) => b.frames - a.frames);
}

export function verdictCounts(reasons: readonly ReasonCount[]): Record<OutcomeVerdict, number> {
  const verdicts = { ACCEPT: 0, DROP: 0, STOLEN: 0, QUEUE: 0 };
  for (const { verdict, frames } of reasons) verdicts[verdict] += frames;
  return verdicts;
}
