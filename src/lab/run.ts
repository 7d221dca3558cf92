/**
 * The steps of a lab, run one after the other and judged. Between steps nothing is reset: what switches and hosts have
 * learnt in one holds in the next.
 */
import { didYouMean } from '../base/did-you-mean.ts';
import { SluiceError, type Place } from '../base/errors.ts';
import { fail, listAt, objectAt, onlyKeys, textAt, type PlainObject } from '../base/plain-object.ts';
import { commandNamed } from './commands/index.ts';
import { UsageMistake, type CommandResult, type RunningCommand } from './commands/command.ts';
import { crossingText, type Crossing } from './events.ts';
import type { Lab } from './lab.ts';
import { parseEndpoint } from './endpoint.ts';
import { endpointText, type StepConfig } from './topology.ts';

export interface StepReport {
  readonly step: StepConfig;
  /** Seconds since the lab began. */
  readonly at: number;
  readonly result: CommandResult;
  /** Frames that were sent while the step lasted. */
  readonly crossings: readonly Crossing[];
  readonly failures: readonly Failure[];
}

export interface Failure {
  /** `replies: expected 1, got 0` */
  readonly text: string;
  readonly place: Place;
}

const OWN_KEYS = ['output', 'sees', 'order'];

/** Checks every expectation against what can be seen and told, so that a mistake shows before anything runs. */
export function checkSteps(lab: Lab): void {
  try {
    for (const { run, expect, path } of lab.topology.steps) {
      onlyKeys(expect, `${path}.expect`, [...OWN_KEYS, ...commandNamed(run[0]!).values]);
      textsAt(expect['output'], `${path}.expect.output`);
      sightsAt(expect, path, lab);
      orderAt(expect, path, lab);
    }
  } catch (error) {
    throw lab.topology.locate(error);
  }
}

/** Runs all steps; `tell` is called when each has ended, those in the background last. */
export function runSteps(lab: Lab, tell: (report: StepReport) => void = () => {}): StepReport[] {
  checkSteps(lab);
  const reports: StepReport[] = [];
  const background: StartedStep[] = [];
  const end = (started: StartedStep) => {
    const report = endStep(lab, started);
    reports.push(report);
    tell(report);
  };
  for (const step of lab.topology.steps) {
    lab.run(step.after);
    const started = startStep(lab, step);
    if (step.background) background.push(started);
    else end(started);
  }
  background.forEach(end);
  return reports;
}

/** Runs one command on a node for a while of virtual time. Throws as `startCommand` does. */
export function runCommand(
  lab: Lab,
  node: string,
  words: readonly string[],
  lastsUs: number,
  input = '',
): { readonly result: CommandResult; readonly crossings: readonly Crossing[] } {
  const mark = lab.events.mark;
  const running = startCommand(lab, node, words, input);
  lab.run(lastsUs);
  return { result: running.finish(), crossings: lab.events.since(mark) };
}

/** Throws a SluiceError for words that it does not understand. */
export function startCommand(
  lab: Lab,
  node: string,
  [name, ...args]: readonly string[],
  input: string,
): RunningCommand {
  const command = commandNamed(name!);
  try {
    return command.start(lab, node, args, input);
  } catch (error) {
    if (!(error instanceof UsageMistake)) throw error;
    throw new SluiceError('LAB', `${command.name}: ${error.message}`);
  }
}

interface StartedStep {
  readonly step: StepConfig;
  readonly at: number;
  /** When its time is over. */
  readonly due: number;
  readonly mark: number;
  readonly running: RunningCommand;
}

function startStep(lab: Lab, step: StepConfig): StartedStep {
  const at = lab.seconds;
  const { mark } = lab.events;
  try {
    const running = startCommand(lab, step.on, step.run, step.input);
    return { step, at, due: lab.clock.now + step.lasts, mark, running };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError(error.code, `${step.path}.run: ${error.message}`, step.place);
  }
}

function endStep(lab: Lab, { step, at, due, mark, running }: StartedStep): StepReport {
  lab.clock.advanceTo(due);
  const result = running.finish();
  const crossings = lab.events.since(mark);
  return { step, at, result, crossings, failures: judge(lab, step, result, crossings) };
}

// ── Judging ─────────────────────────────────────────────────────────────────────────────────────────────────────

function judge(
  lab: Lab,
  step: StepConfig,
  { output, values, hasFailed }: CommandResult,
  crossings: readonly Crossing[],
): Failure[] {
  const failures: Failure[] = [];
  const { expect, path } = step;
  const add = (text: string) => failures.push({ text, place: step.place });
  if (hasFailed && !Object.hasOwn(expect, 'status')) add(`ended with status ${values['status']}`);
  for (const [key, wanted] of Object.entries(expect)) {
    if (OWN_KEYS.includes(key)) continue;
    if (!isMet(wanted, values[key])) {
      add(`${key}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(values[key])}`);
    }
  }
  for (const text of textsAt(expect['output'], `${path}.expect.output`)) {
    if (!output.some((line) => line.includes(text))) add(`output: no line has "${text}"`);
  }
  for (const { at, frame, times } of sightsAt(expect, path, lab)) {
    const count = crossings.filter((one) => arrivedAt(one, at) && crossingText(one).includes(frame)).length;
    if (times === null ? count > 0 : count === times) continue;
    add(`sees: expected ${times === null ? 'at least one' : times} "${frame}" at ${at}, there were ${count}`);
  }
  const order = orderAt(expect, path, lab);
  const reached = followOrder(order, crossings);
  if (reached < order.length) {
    const { at, frame } = order[reached]!;
    add(
      `order: number ${reached + 1}, "${frame}" at ${at}, did not come${reached === 0 ? '' : ` after the ${reached} before it`}`,
    );
  }
  return failures;
}

/** The value itself, or for a number a bound: `<= 300`, `>= 10`. */
function isMet(wanted: unknown, value: unknown): boolean {
  const bound = typeof wanted === 'string' ? /^([<>]=?) *(-?\d+(?:\.\d+)?)$/.exec(wanted) : null;
  if (bound === null || typeof value !== 'number') return wanted === value;
  const limit = Number(bound[2]);
  switch (bound[1]) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    default:
      return value >= limit;
  }
}

function arrivedAt(crossing: Crossing, endpoint: string): boolean {
  return crossing.arrivedAt >= 0 && endpointText(crossing.to) === endpoint;
}

/** How many of the sights came one after the other. */
function followOrder(order: readonly Sight[], crossings: readonly Crossing[]): number {
  const arrivals = crossings
    .filter(({ arrivedAt: at }) => at >= 0)
    .sort((a, b) => a.arrivedAt - b.arrivedAt || a.id - b.id);
  let reached = 0;
  for (const crossing of arrivals) {
    const wanted = order[reached];
    if (wanted === undefined) break;
    if (arrivedAt(crossing, wanted.at) && crossingText(crossing).includes(wanted.frame)) reached++;
  }
  return reached;
}

interface Sight {
  readonly at: string;
  readonly frame: string;
  readonly times: number | null;
}

/** `sees: [{ at: "b:eth0", frame: "echo request", times: 1 }]`; without times, at least one. */
function sightsAt(expect: PlainObject, path: string, lab: Lab): Sight[] {
  return listAt(expect['sees'], `${path}.expect.sees`).map((value, i) => {
    const where = `${path}.expect.sees[${i}]`;
    const sight = objectAt(value, where);
    onlyKeys(sight, where, ['at', 'frame', 'times']);
    const times = sight['times'] ?? null;
    if (times !== null && !(Number.isInteger(times) && (times as number) >= 0))
      fail(`${where}.times`, 'must be a number of frames');
    return {
      at: cabledAt(sight['at'], `${where}.at`, lab),
      frame: textAt(sight['frame'], `${where}.frame`),
      times: times as number | null,
    };
  });
}

/** `order: ["a:eth0 ARP, Reply", …]`: arrivals that have to come one after the other. */
function orderAt(expect: PlainObject, path: string, lab: Lab): Sight[] {
  return textsAt(expect['order'], `${path}.expect.order`).map((text, i) => {
    const [at = '', ...words] = text.split(' ');
    return { at: cabledAt(at, `${path}.expect.order[${i}]`, lab), frame: words.join(' '), times: null };
  });
}

/** An endpoint that has a cable. */
function cabledAt(value: unknown, path: string, lab: Lab): string {
  const { node, port } = parseEndpoint(value, path, lab.topology.nodes);
  const text = endpointText({ node, port });
  if (lab.linkAt(text) !== undefined) return text;
  const known = lab.topology.links.flatMap(({ ends }) =>
    ends.filter((end) => end.node === node).map((end) => end.port),
  );
  return fail(
    path,
    `${node} has no cable at "${port}"${didYouMean(port, known)}; there are ${known.join(', ') || 'none'}`,
  );
}

function textsAt(value: unknown, path: string): string[] {
  if (typeof value === 'string') return [value];
  return listAt(value, path).map((item, i) => textAt(item, `${path}[${i}]`));
}
