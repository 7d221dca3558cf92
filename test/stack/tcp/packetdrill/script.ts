/**
 * Packetdrill scripts, read: a time line of system calls, segments that arrive, segments that must leave, and assertions
 * about a connection (https://github.com/google/packetdrill, docs/syntax.md). What a script asks of Linux beside TCP
 * itself (shell commands other than sysctl, tunnels) is refused by name.
 */

export interface Time {
  /** Microseconds, from the event before when `relative`. */
  readonly us: number;
  readonly relative: boolean;
  /** `*`: whenever it comes. */
  readonly any: boolean;
  /** End of a range, of a blocking call or a packet that may come between; relative like `us`. */
  readonly endUs: number | undefined;
}

export interface TcpOption {
  readonly kind: 'mss' | 'wscale' | 'sackOK' | 'TS' | 'sack' | 'nop' | 'eol';
  readonly values: readonly number[];
}

export interface SegmentSpec {
  readonly flags: string;
  readonly seq: number;
  readonly length: number;
  readonly ack: number | undefined;
  readonly window: number | undefined;
  readonly urgent: number | undefined;
  /** Undefined for `<...>`: any. */
  readonly options: readonly TcpOption[] | undefined;
  readonly ecn: number;
  readonly anyEcn: boolean;
}

export interface IcmpSpec {
  readonly type: string;
  readonly code: string;
  readonly mtu: number;
  readonly seq: number;
}

export type Event =
  | { readonly kind: 'inbound' | 'outbound'; readonly segment: SegmentSpec }
  | { readonly kind: 'icmp'; readonly icmp: IcmpSpec }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly string[];
      readonly result: string;
      readonly errno: string | undefined;
    }
  | { readonly kind: 'assert'; readonly code: string }
  | { readonly kind: 'command'; readonly command: string };

export interface Step {
  readonly line: number;
  readonly time: Time;
  readonly event: Event;
}

export interface Script {
  /** Shell commands before the first event. */
  readonly setup: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

export class ScriptError extends Error {}

export function parseScript(text: string): Script {
  return new Reader(text).read();
}

const TIME = /^(\+?)(\d*\.?\d+)(?:(\.\.\.|~)(\+?)(\d*\.?\d+))?(?:\s+|$)|^(\*)\s+/;

class Reader {
  private readonly text: string;
  private at = 0;
  private readonly setup: string[] = [];
  private readonly options = new Map<string, string>();
  private readonly steps: Step[] = [];

  constructor(text: string) {
    // Comments go, lines stay.
    this.text = text
      .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
      .replace(/(^|\s)\/\/.*$/gm, '$1')
      .replace(/^\s*#.*$/gm, '');
  }

  read(): Script {
    for (this.skip(); this.at < this.text.length; this.skip()) {
      if (this.text[this.at] === '`') this.setup.push(this.backtick());
      else if (this.text.startsWith('--', this.at)) this.option();
      else this.step();
    }
    return { setup: this.setup, options: this.options, steps: this.steps };
  }

  private skip(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) this.at++;
  }

  private get line(): number {
    return this.text.slice(0, this.at).split('\n').length;
  }

  private fail(message: string): never {
    throw new ScriptError(`line ${this.line}: ${message}`);
  }

  private backtick(): string {
    const end = this.text.indexOf('`', this.at + 1);
    if (end < 0) this.fail('a ` without its end');
    const command = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return command.trim();
  }

  private option(): void {
    const [line] = this.text.slice(this.at).split('\n');
    for (const [, name, value] of line!.matchAll(/--([\w]+)(?:=(\S+))?/g))
      this.options.set(name!, value ?? '');
    this.at += line!.length;
  }

  private step(): void {
    const line = this.line;
    const match = TIME.exec(this.text.slice(this.at));
    if (match === null)
      this.fail(`a time is missing: ${this.text.slice(this.at, this.at + 40).split('\n')[0]}`);
    this.at += match[0].length;
    const seconds = (value: string) => Math.round(Number(value) * 1e6);
    const time: Time = {
      us: match[6] === '*' ? 0 : seconds(match[2]!),
      relative: match[1] === '+' || match[6] === '*',
      any: match[6] === '*',
      endUs: match[5] === undefined ? undefined : seconds(match[5]),
    };
    this.skip();
    this.steps.push({ line, time, event: this.event() });
  }

  private event(): Event {
    const rest = this.text.slice(this.at);
    if (rest[0] === '`') return { kind: 'command', command: this.backtick() };
    if (rest.startsWith('%{')) {
      const end = rest.indexOf('}%');
      this.at += end + 2;
      return { kind: 'assert', code: rest.slice(2, end) };
    }
    if (rest[0] === '<' || rest[0] === '>') {
      const [line] = rest.split('\n');
      this.at += line!.length;
      return this.packet(line!);
    }
    return this.call(rest);
  }

  // ── Packets ─────────────────────────────────────────────────────────────────────────────────────────────────

  private packet(line: string): Event {
    const isInbound = line[0] === '<';
    let text = line.slice(1).trim();
    const icmp = /^icmp\s+(\w+)(?:\s+(\w+))?(?:\s+mtu\s+(\d+))?\s*\[(\d+):/.exec(text);
    if (icmp !== null) {
      return {
        kind: 'icmp',
        icmp: { type: icmp[1]!, code: icmp[2] ?? '', mtu: Number(icmp[3] ?? 0), seq: Number(icmp[4]) },
      };
    }
    let ecn = 0;
    let anyEcn = true;
    const mark = /^\[(noecn|ect0|ect1|ce|ect01)\]\s*/.exec(text);
    if (mark !== null) {
      ecn = { noecn: 0, ect1: 1, ect0: 2, ce: 3, ect01: 2 }[mark[1]!]!;
      anyEcn = mark[1] === 'ect01';
      text = text.slice(mark[0].length);
    }
    const head = /^([SFRPEWUA.]+|-)\s+(\d+):(\d+)\((\d+)\)/.exec(text);
    if (head === null) this.fail(`not a segment: ${text}`);
    const rest = text.slice(head[0].length);
    const number = (name: string) => {
      const found = new RegExp(`\\b${name}\\s+(\\d+)`).exec(rest.split('<')[0]!);
      return found === null ? undefined : Number(found[1]);
    };
    const options = /<([^>]*)>/.exec(rest);
    return {
      kind: isInbound ? 'inbound' : 'outbound',
      segment: {
        flags: head[1]!,
        seq: Number(head[2]),
        length: Number(head[4]),
        ack: number('ack'),
        window: number('win'),
        urgent: number('urg'),
        options:
          options === null ? [] : options[1]!.trim() === '...' ? undefined : this.tcpOptions(options[1]!),
        ecn,
        anyEcn,
      },
    };
  }

  private tcpOptions(text: string): TcpOption[] {
    return text.split(',').map((part): TcpOption => {
      const words = part.trim().split(/\s+/);
      switch (words[0]) {
        case 'nop':
        case 'eol':
        case 'sackOK':
          return { kind: words[0], values: [] };
        case 'mss':
        case 'wscale':
          return { kind: words[0], values: [Number(words[1])] };
        case 'TS':
          return { kind: 'TS', values: [Number(words[2]), Number(words[4])] };
        case 'sack':
          return { kind: 'sack', values: words.slice(1).flatMap((block) => block.split(':').map(Number)) };
        default:
          return this.fail(`TCP option "${part.trim()}" is not known here`);
      }
    });
  }

  // ── Calls ───────────────────────────────────────────────────────────────────────────────────────────────────

  private call(rest: string): Event {
    const name = /^(\w+)\s*\(/.exec(rest);
    if (name === null) this.fail(`neither a packet nor a call: ${rest.split('\n')[0]}`);
    let depth = 0;
    let end = name[0].length - 1;
    let isQuoted = false;
    for (; end < rest.length; end++) {
      const c = rest[end]!;
      if (c === '"') isQuoted = !isQuoted;
      if (isQuoted) continue;
      if ('([{'.includes(c)) depth++;
      if (')]}'.includes(c) && --depth === 0) break;
    }
    const args = splitArguments(rest.slice(name[0].length, end));
    const tail = rest.slice(end + 1);
    const result = /^\s*=\s*(-?\w+|\.\.\.)(?:[ \t]+(E\w+))?(?:[ \t]+\([^)\n]*\))?/.exec(tail);
    if (result === null) this.fail(`${name[1]} without its result`);
    this.at += end + 1 + result[0].length;
    return { kind: 'call', name: name[1]!, args, result: result[1]!, errno: result[2] };
  }
}

/** Cut at the commas that are not within brackets. */
export function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if ('([{'.includes(text[i]!)) depth++;
    else if (')]}'.includes(text[i]!)) depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === '' && parts.length === 0 ? [] : [...parts, last];
}
