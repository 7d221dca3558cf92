/** The commands of conntrack, carried out on a host; reading them is request.ts. */
import type { Conntrack } from '../../netfilter/conntrack/conntrack.ts';
import {
  ByHand,
  createConnection,
  isNews,
  updateConnection,
  type Changes,
  type ConnectionWords,
  type LabelChange,
} from '../../netfilter/conntrack/by-hand.ts';
import type { LabelNames } from '../../netfilter/conntrack/label-names.ts';
import type { Gateway } from '../../stack/gateway.ts';
import type { Call, Interrupt, Values } from '../program.ts';
import { helpText } from './help.ts';
import type { LoadedLine } from './load.ts';
import { connectionOf, tupleOf } from './make.ts';
import { parseFormats, printConnection, XML_FOOT, XML_HEAD, type Formats, type Occasion } from './print.ts';
import { NO_LABELS, type Request } from './request.ts';
import { selectionOf } from './selection.ts';
import { VERSION } from './version.ts';
import { watchConnections, watchExpectations } from './watch.ts';
import { parseMark, Words } from './words.ts';

const DONE = 0;
const FAILED = 1;

/** The tool ends with a message and status 1: the kernel would not. */
class Refused extends Error {}

export class Run {
  private readonly call: Call;
  private readonly conntrack: Conntrack;
  private readonly labelNames: LabelNames;
  /** Of -R: one command of many, which are not counted. */
  private readonly isLoading: boolean;
  private formats: Formats = new Set();
  /** Of lines and events, where they show labels. */
  private labels: LabelNames | null = null;

  constructor(call: Call, { conntrack, objects }: Gateway, isLoading: boolean) {
    this.call = call;
    this.conntrack = conntrack;
    this.labelNames = objects.labels;
    this.isLoading = isLoading;
  }

  /** Throws BadWords. */
  start(request: Request): Interrupt | void {
    if (request.command === 'help') return this.finish(helpText());
    if (request.command === 'version') return this.finish(`${VERSION}\n`);
    const words = new Words(request);
    return this.unlessRefused(() => this.perform(request, words));
  }

  /** One command after the other, up to the first that is refused. */
  load(lines: readonly LoadedLine[]): void {
    this.unlessRefused(() => {
      for (const { request, words } of lines) this.perform(request, words);
      this.call.exit(DONE);
    });
  }

  private perform(request: Request, words: Words): Interrupt | void {
    this.formats = parseFormats(request.options.get('output'));
    const showsLabels = this.formats.has('labels') || request.labels.size > 0;
    if (showsLabels && this.labelNames.isEmpty) this.call.io.err.write(NO_LABELS);
    this.labels = showsLabels && !this.labelNames.isEmpty ? this.labelNames : null;
    for (const warning of words.warnings) this.call.io.err.write(`${warning}\n`);
    return request.table === 'expect' ? this.expectations(request) : this.connections(request, words);
  }

  private unlessRefused(run: () => Interrupt | void): Interrupt | void {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.say(`Operation failed: ${error.message}`);
      this.call.exit(FAILED);
    }
  }

  // ── Connections ─────────────────────────────────────────────────────────────────────────────────────────────────

  private connections(request: Request, words: Words): Interrupt | void {
    switch (request.command) {
      case 'L':
        return this.list(request, words);
      case 'I':
      case 'A':
        return this.create(request.command, words);
      case 'U':
        return this.update(request, words);
      case 'D':
        return this.remove(words);
      case 'G':
        return this.get(words);
      case 'F':
        return this.flush(words);
      case 'E':
        return watchConnections(this.call, this.conntrack, words, this.formats, this.labels);
      case 'C':
        return this.finish(`${this.conntrack.count}\n`);
      default:
        return this.finish(this.statistics());
    }
  }

  private list({ table, options }: Request, words: Words): void {
    const { conntrack: tracking, call } = this;
    checkStatus(words);
    // Connections on their way in or out: between packets, as now, there are none.
    const selected = table === 'conntrack' ? this.selected(words, true) : [];
    const listed: Occasion = { event: null, letter: 'A', moreUses: 0, labels: this.labels };
    const lines = selected.map((entry) => `${printConnection(tracking, entry, this.formats, listed)}\n`);
    if (options.has('zero')) for (const entry of selected) tracking.connections.zeroCounters(entry);
    const isXml = this.formats.has('xml') && lines.length > 0;
    call.io.out.write(isXml ? `${XML_HEAD}${lines.join('')}${XML_FOOT}` : lines.join(''));
    this.count(lines.length, 'flow entries have been shown');
    this.exit(DONE, { connections: lines.length });
  }

  private create(command: 'I' | 'A', words: Words): void {
    const made = this.make(words);
    const result = this.conntrack.byHand(() => createConnection(this.conntrack, made));
    if (command === 'A') {
      if (result !== ByHand.OK && result !== ByHand.EXISTS) throw new Refused(REFUSALS[result]);
      this.count(result === ByHand.OK ? 1 : 0, 'flow entries have been added');
      return this.exit(DONE);
    }
    if (result !== ByHand.OK) throw new Refused(REFUSALS[result]);
    this.count(1, 'flow entries have been created');
    this.exit(DONE);
  }

  private make(words: Words): ConnectionWords {
    const made = connectionOf(words);
    if (made === null) throw new Refused(REFUSALS[ByHand.INVALID]);
    return made;
  }

  private update(request: Request, words: Words): void {
    const { conntrack: tracking } = this;
    const { options } = request;
    const timeout = options.get('timeout');
    const mark = options.get('mark');
    const changes: Changes = {
      timeoutSeconds: timeout === undefined ? null : words.number(timeout),
      status: words.status,
      mark: mark === undefined ? null : parseMark(mark),
      labels: labelChange(request),
    };
    let changed = 0;
    for (const entry of this.selected(words, false)) {
      if (!isNews(tracking, entry, changes)) continue;
      // The kernel changes connections of a family only, and the tool asks for that of `-f` or the addresses.
      const outcome =
        words.family === null
          ? ByHand.UNSUPPORTED
          : tracking.byHand(() => updateConnection(tracking, entry, changes));
      if (outcome !== ByHand.OK) this.call.io.err.write(`Operation failed: ${REFUSALS[outcome]}\n`);
      if (outcome === ByHand.UNSUPPORTED) throw new Refused(REFUSALS[outcome]);
      this.print(entry, 'U', 1);
      changed++;
    }
    this.end(changed, 'flow entries have been updated');
  }

  private remove(words: Words): void {
    const { conntrack: tracking } = this;
    const selected = this.selected(words, true);
    for (const entry of selected) {
      this.print(entry, 'D', 0);
      tracking.byHand(() => tracking.remove(entry));
    }
    this.end(selected.length, 'flow entries have been deleted');
  }

  private get(words: Words): void {
    const tuple = tupleOf(words, 'G');
    if (tuple === null) throw new Refused(REFUSALS[ByHand.INVALID]);
    const entry = this.conntrack.find(tuple);
    if (entry === 0) throw new Refused("such conntrack doesn't exist");
    const labels = words.request.labels.get('label') ?? [];
    if (!labels.every((label) => this.conntrack.labels.has(entry, label))) {
      return this.end(0, 'flow entries have been shown');
    }
    this.print(entry, 'A', 1);
    this.end(1, 'flow entries have been shown');
  }

  private flush(words: Words): void {
    const { conntrack: tracking } = this;
    const selected = this.selected(words, true);
    tracking.byHand(() => selected.forEach((entry) => tracking.remove(entry)));
    this.say('connection tracking table has been emptied.');
    this.exit(DONE);
  }

  private statistics(): string {
    const { stats, connections } = this.conntrack;
    return (
      `cpu=0   \tfound=0 invalid=${stats.invalid} insert=${stats.insert} insert_failed=${stats.insertFailed} ` +
      `drop=${stats.drop} early_drop=${connections.earlyDropped} error=0 search_restart=0 clash_resolve=0 chaintoolong=0 \n`
    );
  }

  private selected(words: Words, asFilter: boolean): number[] {
    const test = selectionOf(this.conntrack, words, asFilter);
    const families = words.family === null ? ([4, 6] as const) : [words.family];
    return families.flatMap((family) => [...this.conntrack.entries(family)]).filter(test);
  }

  private print(entry: number, letter: 'A' | 'U' | 'D', moreUses: number): void {
    const labels = letter === 'D' ? null : this.labels;
    const text = printConnection(this.conntrack, entry, this.formats, {
      event: null,
      letter,
      moreUses,
      labels,
    });
    this.call.io.out.write(`${text}\n`);
  }

  // ── Expectations ────────────────────────────────────────────────────────────────────────────────────────────────

  private expectations({ command }: Request): Interrupt | void {
    const { conntrack: tracking, call } = this;
    const all = [...tracking.expectations];
    switch (command) {
      case 'L': {
        for (const one of all) call.io.out.write(`${tracking.describeExpectation(one)}\n`);
        this.count(all.length, 'expectations have been shown');
        return this.exit(DONE, { connections: all.length });
      }
      case 'C':
        return this.finish(`${all.length}\n`);
      case 'F':
        for (const one of all) tracking.expectations.remove(one);
        this.say('expectation table has been emptied.');
        return this.exit(DONE);
      case 'E':
        return watchExpectations(call, tracking, this.formats);
      case 'S':
        return this.finish(this.statistics());
      default:
        // Without a helper of its own a connection expects none, and helpers here make theirs by themselves.
        throw new Refused(REFUSALS[ByHand.UNSUPPORTED]);
    }
  }

  // ── What all say ────────────────────────────────────────────────────────────────────────────────────────────────

  private say(message: string): void {
    this.call.io.err.write(`${VERSION}: ${message}\n`);
  }

  private count(number: number, what: string): void {
    if (!this.isLoading) this.say(`${number} ${what}.`);
  }

  /** The end of a command; of -R, one of many. */
  private exit(status: number, values?: Values): void {
    if (!this.isLoading) this.call.exit(status, values);
  }

  /** Of commands that fail when they found nothing. */
  private end(number: number, what: string): void {
    this.count(number, what);
    this.exit(number > 0 ? DONE : FAILED, { connections: number });
  }

  private finish(text: string): void {
    this.call.io.out.write(text);
    this.exit(DONE);
  }
}

function labelChange({ labels }: Request): LabelChange | null {
  const [added, removed] = [labels.get('label-add'), labels.get('label-del')];
  if (added !== undefined) return { what: 'add', numbers: added };
  return removed === undefined ? null : { what: 'remove', numbers: removed };
}

const REFUSALS: Readonly<Record<Exclude<ByHand, 0>, string>> = {
  [ByHand.EXISTS]: 'Such conntrack exists, try -U to update',
  [ByHand.INVALID]: 'invalid parameters',
  [ByHand.BUSY]: 'Device or resource busy',
  [ByHand.UNSUPPORTED]: 'Operation not supported',
  [ByHand.FULL]: 'Cannot allocate memory',
  [ByHand.RANGE]: 'Numerical result out of range',
  [ByHand.NO_ROOM]: 'No space left on device',
};

/** The kernel takes no filter that asks for nothing. */
function checkStatus({ status }: Words): void {
  if (status === 0) throw new Refused(REFUSALS[ByHand.INVALID]);
}
