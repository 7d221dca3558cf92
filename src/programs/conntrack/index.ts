/**
 * `conntrack`: looks into the connection tracking of a host, changes it and watches it, with the words, the output, the messages
 * and the exit statuses of conntrack-tools 1.4.7. Not here: loading files (-R), labels by name (there is no file of
 * names, which is what the tool says then), the kernel's order of entries (theirs is a hash's, ours their age).
 *
 * Source: conntrack(8), and the tool beside this one (test/programs/conntrack).
 */
import type { Conntrack } from '../../netfilter/conntrack/conntrack.ts';
import {
  ByHand,
  createConnection,
  updateConnection,
  type ConnectionWords,
} from '../../netfilter/conntrack/by-hand.ts';
import { CtStatus } from '../../netfilter/conntrack/ct-info.ts';
import type { Call, Interrupt, Program } from '../program.ts';
import { completeWords } from './completion.ts';
import { helpText } from './help.ts';
import { connectionOf, tupleOf } from './make.ts';
import { COMMANDS } from './options.ts';
import { LISTED, parseFormats, printConnection, XML_FOOT, XML_HEAD, type Formats } from './print.ts';
import { BadWords, readRequest, type Request } from './request.ts';
import { selectionOf } from './selection.ts';
import { VERSION } from './version.ts';
import { watchConnections, watchExpectations } from './watch.ts';
import { parseMark, Words } from './words.ts';

const DONE = 0;
const FAILED = 1;
const BAD_WORDS = 2;

export const conntrack: Program = {
  name: 'conntrack',
  usage: `conntrack -${COMMANDS.join('|-')} [TABLE] [OPTIONS]`,
  about: 'Lists, changes and watches the connections that a host tracks.',
  on: 'host',
  passesTime: false,
  values: ['connections'],
  completion: completeWords,
  start(call) {
    if (call.node.kind !== 'host') return;
    const tracking = call.node.gateway.conntrack;
    try {
      return new Run(call, tracking).start();
    } catch (error) {
      if (!(error instanceof BadWords)) throw error;
      // What a library said before stands in front.
      const [before, message] = error.message.includes('\0')
        ? error.message.split('\0')
        : ['', error.message];
      call.io.err.write(
        `${before!}${VERSION}: ${message!}\nTry \`conntrack -h' or 'conntrack --help' for more information.\n`,
      );
      call.exit(BAD_WORDS);
    }
  },
};

/** The tool ends with a message and status 1: the kernel would not. */
class Refused extends Error {}

class Run {
  private readonly call: Call;
  private readonly conntrack: Conntrack;
  private formats: Formats = new Set();

  constructor(call: Call, tracking: Conntrack) {
    this.call = call;
    this.conntrack = tracking;
  }

  start(): Interrupt | void {
    const request = readRequest(this.call.args);
    if (request.command === 'help') return this.finish(helpText());
    if (request.command === 'version') return this.finish(`${VERSION}\n`);
    this.formats = parseFormats(request.options.get('output'));
    if (this.formats.has('save') && this.formats.size > 1) {
      this.say('cannot combine save output with any other output type, use -o save only');
      return this.call.exit(FAILED);
    }
    if (this.formats.has('labels')) this.call.io.err.write('nfct_labelmap_new: No such file or directory\n');
    const words = new Words(request);
    for (const warning of words.warnings) this.call.io.err.write(`${warning}\n`);
    try {
      return request.table === 'expect' ? this.expectations(request) : this.connections(request, words);
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
        return watchConnections(this.call, this.conntrack, words, this.formats);
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
    const lines = selected.map((entry) => `${printConnection(tracking, entry, this.formats, LISTED)}\n`);
    if (options.has('zero')) for (const entry of selected) tracking.connections.zeroCounters(entry);
    const isXml = this.formats.has('xml') && lines.length > 0;
    call.io.out.write(isXml ? `${XML_HEAD}${lines.join('')}${XML_FOOT}` : lines.join(''));
    this.count(lines.length, 'flow entries have been shown');
    call.exit(DONE, { connections: lines.length });
  }

  private create(command: 'I' | 'A', words: Words): void {
    const made = this.make(words);
    const result = this.conntrack.byHand(() => createConnection(this.conntrack, made));
    if (command === 'A') {
      if (result !== ByHand.OK && result !== ByHand.EXISTS) throw new Refused(REFUSALS[result]);
      this.count(result === ByHand.OK ? 1 : 0, 'flow entries have been added');
      return this.call.exit(DONE);
    }
    if (result !== ByHand.OK) throw new Refused(REFUSALS[result]);
    this.count(1, 'flow entries have been created');
    this.call.exit(DONE);
  }

  private make(words: Words): ConnectionWords {
    const made = connectionOf(words);
    if (made === null) throw new Refused(REFUSALS[ByHand.INVALID]);
    return made;
  }

  private update({ options }: Request, words: Words): void {
    const { conntrack: tracking } = this;
    const timeout = options.get('timeout');
    const mark = options.get('mark');
    const changes = {
      timeoutSeconds: timeout === undefined ? null : words.number(timeout),
      status: words.status,
      mark: mark === undefined ? null : parseMark(mark),
      state: null,
    };
    let changed = 0;
    for (const entry of this.selected(words, false)) {
      if (tracking.connections.status[entry]! & (CtStatus.SRC_NAT | CtStatus.DST_NAT)) {
        // The tool sends translations back with what it changes, and the kernel takes none of connections that are there.
        this.call.io.err.write(`Operation failed: ${REFUSALS[ByHand.UNSUPPORTED]}\n`);
        throw new Refused(REFUSALS[ByHand.UNSUPPORTED]);
      }
      if (!tracking.byHand(() => updateConnection(tracking, entry, changes))) continue;
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
    this.print(entry, 'A', 1);
    this.count(1, 'flow entries have been shown');
    this.call.exit(DONE, { connections: 1 });
  }

  private flush(words: Words): void {
    const { conntrack: tracking } = this;
    const selected = this.selected(words, true);
    tracking.byHand(() => selected.forEach((entry) => tracking.remove(entry)));
    this.say('connection tracking table has been emptied.');
    this.call.exit(DONE);
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
    const text = printConnection(this.conntrack, entry, this.formats, { event: null, letter, moreUses });
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
        return call.exit(DONE, { connections: all.length });
      }
      case 'C':
        return this.finish(`${all.length}\n`);
      case 'F':
        for (const one of all) tracking.expectations.remove(one);
        this.say('expectation table has been emptied.');
        return call.exit(DONE);
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
    this.say(`${number} ${what}.`);
  }

  /** Of commands that fail when they found nothing. */
  private end(number: number, what: string): void {
    this.count(number, what);
    this.call.exit(number > 0 ? DONE : FAILED, { connections: number });
  }

  private finish(text: string): void {
    this.call.io.out.write(text);
    this.call.exit(DONE);
  }
}

const REFUSALS: Readonly<Record<Exclude<ByHand, 0>, string>> = {
  [ByHand.EXISTS]: 'Such conntrack exists, try -U to update',
  [ByHand.INVALID]: 'invalid parameters',
  [ByHand.BUSY]: 'Device or resource busy',
  [ByHand.UNSUPPORTED]: 'Operation not supported',
  [ByHand.FULL]: 'Cannot allocate memory',
};

/** The kernel takes no filter that asks for nothing. */
function checkStatus({ status }: Words): void {
  if (status === 0) throw new Refused(REFUSALS[ByHand.INVALID]);
}
