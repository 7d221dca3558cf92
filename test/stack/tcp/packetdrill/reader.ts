/** Packetdrill's language, read: comments, options, commands, times, calls. What stands behind < and > is packet-text.ts. */
import { parsePacket } from './packet-text.ts';
import { ScriptError, splitArguments, type Event, type Script, type Step, type Time } from './script.ts';

/** `defines` are words that stand for others (`-D NAME=VALUE`). Throws ScriptError with the line. */
export function parseScript(text: string, defines: ReadonlyMap<string, string> = new Map()): Script {
  return new Reader(text, defines).read();
}

/** `0`, `+.1`, `*`, `1~2`, `+0~+.2`, `+.002 ... 0.052`. */
const TIME =
  /^(?:(?<any>\*)|(?<plus>\+?)\s*(?<from>\d*\.?\d+)(?:\s*~\s*\+?\s*(?<range>\d*\.?\d+)|\s*\.\.\.\s*\+?\s*(?<end>\d*\.?\d+))?)\s+/;

class Reader {
  private readonly text: string;
  private at = 0;
  private readonly setup: string[] = [];
  private readonly options = new Map<string, string>();
  private readonly steps: Step[] = [];

  constructor(text: string, defines: ReadonlyMap<string, string>) {
    let plain = withoutComments(text);
    for (const [name, value] of defines) plain = plain.replace(new RegExp(`\\b${name}\\b`, 'g'), () => value);
    this.text = plain;
  }

  read(): Script {
    for (this.skip(); this.at < this.text.length; this.skip()) {
      if (this.text[this.at] === '`') {
        const command = this.backtick();
        // Behind the last event there is only what puts the machine back as it was.
        if (this.steps.length === 0) this.setup.push(command);
      } else if (this.text.startsWith('--', this.at)) this.option();
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
    for (const [, name, value] of line!.matchAll(/--(\w+)(?:=(\S+))?/g)) this.options.set(name!, value ?? '');
    this.at += line!.length;
  }

  private step(): void {
    const line = this.line;
    const match = TIME.exec(this.text.slice(this.at));
    if (match === null)
      this.fail(`a time is missing: ${this.text.slice(this.at, this.at + 40).split('\n')[0]}`);
    this.at += match[0].length;
    const { any, plus, from, range, end } = match.groups as Record<string, string | undefined>;
    const seconds = (value: string) => Math.round(Number(value) * 1e6);
    const until = range ?? end;
    const time: Time = {
      us: from === undefined ? 0 : seconds(from),
      relative: any !== undefined || plus === '+',
      any: any !== undefined,
      endUs: until === undefined ? undefined : seconds(until),
    };
    try {
      this.steps.push({ line, time, event: this.event() });
    } catch (error) {
      if (!(error instanceof ScriptError) || error.message.startsWith('line ')) throw error;
      throw new ScriptError(`line ${line}: ${error.message}`);
    }
  }

  private event(): Event {
    const rest = this.text.slice(this.at);
    if (rest[0] === '`') return { kind: 'command', command: this.backtick() };
    if (rest.startsWith('%{')) {
      const end = rest.indexOf('}%');
      if (end < 0) this.fail('a %{ without its end');
      this.at += end + 2;
      return { kind: 'assert', code: rest.slice(2, end) };
    }
    if (rest[0] === '<' || rest[0] === '>') {
      const [line] = rest.split('\n');
      this.at += line!.length;
      const packet = parsePacket(line!.slice(1).trim());
      return { kind: rest[0] === '<' ? 'inbound' : 'outbound', packet };
    }
    return this.call(rest);
  }

  private call(rest: string): Event {
    const name = /^(\w+)\s*\(/.exec(rest);
    if (name === null) this.fail(`neither a packet nor a call: ${rest.split('\n')[0]}`);
    const end = closingBracket(rest, name[0].length - 1);
    const args = splitArguments(rest.slice(name[0].length, end));
    const result = /^\s*=\s*(-?\w+|\.\.\.)(?:[ \t]+(E\w+))?(?:[ \t]+\([^)\n]*\))?/.exec(rest.slice(end + 1));
    if (result === null) this.fail(`${name[1]} without its result`);
    this.at += end + 1 + result[0].length;
    return { kind: 'call', call: { name: name[1]!, args, result: result[1]!, errno: result[2] } };
  }
}

/** Comments go, lines stay; what is quoted is no comment. */
function withoutComments(text: string): string {
  return text.replace(
    /"[^"\n]*"|`[^`]*`|%\{[\s\S]*?\}%|\/\*[\s\S]*?\*\/|(?:^|(?<=\s))(?:\/\/|#)[^\n]*/gm,
    (part) => (part.startsWith('/*') ? part.replace(/[^\n]/g, ' ') : /^(\/\/|#)/.test(part) ? '' : part),
  );
}

function closingBracket(text: string, open: number): number {
  let depth = 0;
  let isQuoted = false;
  for (let end = open; end < text.length; end++) {
    const c = text[end]!;
    if (c === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if ('([{'.includes(c)) depth++;
    if (')]}'.includes(c) && --depth === 0) return end;
  }
  return text.length;
}
