/**
 * Runs one case: a replay, everything that is expected of it held against it, and, where something did not hold, the replay
 * once more with traces for the packets concerned. (The same input and seed give the same outcome, and a trace of every
 * packet would make the many runs that pass slow.)
 */
import { SluiceError, type Place } from '../../base/errors.ts';
import type { ReplayListener, ReplayOptions } from '../options.ts';
import type { PacketOutcome, TraceStep } from '../outcome.ts';
import type { ReplaySummary } from '../summary.ts';
import {
  loadCase,
  type PacketExpectation,
  type RegressionCase,
  type TotalsExpectation,
} from './case-file.ts';
import { expectedPath } from './explain.ts';
import { makeFailure, type CaseResult, type Difference, type FailedPacket, type Failure } from './failure.ts';
import { GoldenReport } from './golden-report.ts';
import { GoldenFrames, type Golden } from './golden.ts';
import { PacketJudge } from './packet-judge.ts';
import { refMistake, type RuleRef } from './rule-ref.ts';
import { Subject } from './subject.ts';
import { TOTAL_KEYS, type TotalKey, type Totals } from './total-keys.ts';
import { CaseFileError } from './yaml-reader.ts';

export type ReplayRunner = (options: ReplayOptions, listener: ReplayListener) => ReplaySummary;

export interface RunCaseOptions {
  /** Write goldens that differ instead of failing. */
  readonly update?: boolean;
  readonly progress?: ReplayListener['progress'];
}

/** What a case needs of its surroundings. */
export interface CaseEnvironment {
  readonly replay: ReplayRunner;
  /** Milliseconds, for durations only. */
  readonly now: () => number;
}

/** Reads and runs a case. Whatever is wrong with it is in the result; only defects of Sluice itself are thrown. */
export function runCaseFile(
  file: string,
  environment: CaseEnvironment,
  options: RunCaseOptions = {},
): CaseResult {
  const started = environment.now();
  let name = file;
  try {
    const testCase = loadCase(file);
    name = testCase.name;
    const run = new CaseRun(testCase, environment.replay, options);
    const failures = run.run();
    return {
      file,
      name,
      status: failures.length === 0 ? 'passed' : 'failed',
      failures,
      errors: [],
      updated: run.updated,
      frames: run.frames,
      durationMs: environment.now() - started,
    };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const errors = error instanceof CaseFileError ? error.mistakes : [error];
    const durationMs = environment.now() - started;
    return { file, name, status: 'error', failures: [], errors, updated: [], frames: 0, durationMs };
  }
}

class CaseRun {
  readonly updated: string[] = [];
  frames = 0;
  private readonly testCase: RegressionCase;
  private readonly replay: ReplayRunner;
  private readonly options: RunCaseOptions;
  private readonly packetJudges: { readonly expectation: PacketExpectation; readonly judge: PacketJudge }[] =
    [];
  private readonly goldens: { readonly path: string; readonly golden: Golden }[] = [];

  constructor(testCase: RegressionCase, replay: ReplayRunner, options: RunCaseOptions) {
    this.testCase = testCase;
    this.replay = replay;
    this.options = options;
    for (const expectation of testCase.expectations) {
      if (expectation.kind === 'packet') {
        this.packetJudges.push({ expectation, judge: new PacketJudge(expectation) });
      } else if (expectation.kind !== 'totals') {
        const Kind = expectation.kind === 'golden' ? GoldenFrames : GoldenReport;
        this.goldens.push({ path: expectation.path, golden: new Kind(expectation) });
      }
    }
  }

  run(): Failure[] {
    const subject = new Subject();
    const log: string[] = [];
    const packets: ReplayListener = {
      packet: (outcome) => {
        subject.set(outcome);
        for (const { judge } of this.packetJudges) judge.packet(subject);
        for (const { golden } of this.goldens) golden.packet(outcome);
      },
      timer: (outcome) => {
        for (const { golden } of this.goldens) golden.timer(outcome);
      },
    };
    const summary = this.guarded({
      trace: this.packetJudges.some(({ judge }) => judge.needsTrace),
      // Where only totals are asked for, no outcome needs to be made.
      ...(this.packetJudges.length + this.goldens.length > 0 ? packets : {}),
      log: ({ text }) => log.push(text),
      ...(this.options.progress === undefined ? {} : { progress: this.options.progress }),
    });
    this.frames = summary.frames;
    this.refuseMistakes(summary);
    const failures = this.judge({ summary, log });
    this.explain(failures, summary);
    return [...failures.values()];
  }

  /** Failures by the place of their expectation in the file, so that they come in its order. */
  private judge(totals: Totals): Map<object, Failure> {
    const failures = new Map<object, Failure>();
    const packetJudges = new Map(this.packetJudges.map((one) => [one.expectation, one.judge]));
    const goldens = this.goldens.values();
    for (const expectation of this.testCase.expectations) {
      let failure: Failure | null;
      if (expectation.kind === 'packet') failure = packetJudges.get(expectation)!.finish(totals.summary);
      else if (expectation.kind === 'totals') failure = judgeTotals(expectation, totals);
      else failure = this.judgeGolden(goldens.next().value!, totals.summary);
      if (failure !== null) failures.set(expectation, failure);
    }
    return failures;
  }

  private judgeGolden(
    { path, golden }: { readonly path: string; readonly golden: Golden },
    summary: ReplaySummary,
  ): Failure | null {
    golden.summary?.(summary);
    const failure = golden.compare();
    if (failure === null || this.options.update !== true) return failure;
    golden.write();
    this.updated.push(path);
    return null;
  }

  private guarded(listener: ReplayListener): ReplaySummary {
    try {
      const summary = this.replay(this.testCase.options, listener);
      const [cut] = summary.truncated;
      if (cut !== undefined && !this.testCase.acceptCut) throw cut;
      return summary;
    } catch (error) {
      throw this.testCase.locate(error);
    }
  }

  /** Rules that the case names and the rules files do not have: the case is wrong, whatever came of the replay. */
  private refuseMistakes({ rulesets }: ReplaySummary): void {
    const named: { readonly ref: RuleRef; readonly place: Place }[] = [];
    for (const expectation of this.testCase.expectations) {
      if (expectation.kind === 'totals') {
        for (const { key, value, place } of totalsSaid(expectation)) {
          for (const ref of key.refs?.(value) ?? []) named.push({ ref, place });
        }
      }
    }
    for (const { judge } of this.packetJudges) named.push(...judge.refs());
    const mistakes = named.flatMap(({ ref, place }) => {
      const mistake = refMistake(ref, rulesets);
      return mistake === null ? [] : [new SluiceError('CASE_FILE', mistake, place)];
    });
    if (mistakes.length > 0) throw new CaseFileError(mistakes);
  }

  private explain(failures: Map<object, Failure>, { rulesets }: ReplaySummary): void {
    const failed = new Map<number, FailedPacket[]>();
    for (const { packets } of failures.values()) {
      for (const packet of packets) {
        const others = failed.get(packet.outcome.n) ?? [];
        failed.set(packet.outcome.n, [...others, packet]);
      }
    }
    if (failed.size === 0) return;
    const traces = this.traces(new Set(failed.keys()));
    for (const [n, packets] of failed) {
      for (const packet of packets) packet.trace = traces.get(n) ?? [];
    }
    for (const { expectation } of this.packetJudges) {
      for (const packet of failures.get(expectation)?.packets ?? []) {
        const wrongRule = packet.differences.some(({ name }) => name === 'rule');
        packet.expectedPath = wrongRule ? expectedPath(expectation, packet, rulesets) : [];
      }
    }
  }

  /** Replays as far as the last packet wanted. */
  private traces(wanted: ReadonlySet<number>): Map<number, readonly TraceStep[]> {
    const traces = new Map<number, readonly TraceStep[]>();
    const last = Math.max(...wanted);
    const enough = new Error('enough');
    try {
      this.replay(this.testCase.options, {
        trace: true,
        packet: ({ n, trace }: PacketOutcome) => {
          if (wanted.has(n)) traces.set(n, trace);
          if (n === last) throw enough;
        },
      });
    } catch (error) {
      if (error !== enough) throw error;
    }
    return traces;
  }
}

function totalsSaid({ totals }: TotalsExpectation) {
  return Object.entries(totals.values).map(([name, value]) => ({
    key: TOTAL_KEYS[name as keyof typeof TOTAL_KEYS] as TotalKey<unknown>,
    value: value as unknown,
    place: totals.places.get(name) ?? totals.place,
  }));
}

function judgeTotals(expectation: TotalsExpectation, totals: Totals): Failure | null {
  const differences = totalsSaid(expectation).flatMap(({ key, value, place }): Difference[] =>
    key.check(value, totals).map((difference) => ({ ...difference, place })),
  );
  if (differences.length === 0) return null;
  const { title, place } = expectation;
  const [first] = differences;
  const number = differences.length;
  return makeFailure({
    title,
    place: first?.place ?? place,
    message: number === 1 ? 'one figure differs' : `${number} figures differ`,
    differences,
  });
}
