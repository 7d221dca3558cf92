/**
 * The XML of iptables-xml, written while the text is read. A chain is opened by its first rule; chains without rules follow
 * at the end of their table.
 *
 *     <chain name="INPUT" policy="ACCEPT" …><rule …><conditions><match><s>10.0.0.1</s></match><tcp>…</tcp></conditions>
 *       <actions><LOG>…</LOG><call><mychain/></call></actions></rule></chain>
 */
export interface XmlOptions {
  /** Rules with the same conditions become one of several actions. */
  readonly combines: boolean;
  /** Shows every line that is converted. */
  readonly tells: boolean;
}

export class XmlFault extends Error {
  readonly line: number;
  /** One that the program answers with its usage. */
  readonly isAboutUse: boolean;

  constructor(message: string, line: number, isAboutUse: boolean) {
    super(message);
    this.line = line;
    this.isAboutUse = isAboutUse;
  }
}

interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

interface Chain {
  readonly name: string;
  readonly policy: string;
  /** Attributes, as they are printed. */
  readonly counters: string;
  isWritten: boolean;
}

interface Rule {
  readonly chain: string;
  readonly words: readonly Word[];
  /** Where its target begins; the number of words where it has none. */
  readonly target: number;
}

/** Nothing is combined behind these; `-g` ends a rule likewise. */
const TERMINATING = ['ACCEPT', 'DROP', 'QUEUE', 'RETURN'];

export class RulesXml {
  private readonly write: (text: string) => void;
  private readonly options: XmlOptions;
  private line = 0;
  private table: string | null = null;
  private chains: Chain[] = [];
  /** The chain whose element is open. */
  private chain: Chain | null = null;
  private isRuleOpen = false;
  private last: Rule | null = null;
  /** Of the line before where one cannot be read: the program forgets to clear them. */
  private counters = 'packet-count="0" byte-count="0"';

  constructor(write: (text: string) => void, options: XmlOptions) {
    this.write = write;
    this.options = options;
  }

  /** Throws XmlFault; what was converted up to there is written. */
  convert(text: string): void {
    this.write('<iptables-rules version="1.0">\n');
    for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) this.take(line);
    if (this.table !== null) throw new XmlFault(`COMMIT expected at line ${this.line + 1}`, this.line, false);
    this.write('</iptables-rules>\n');
  }

  private take(line: string): void {
    this.line++;
    if (line === '\n') return;
    if (line.startsWith('#')) return this.comment(line.replace(/\n$/, ''));
    if (this.options.tells) this.comment(`line ${this.line} ${line.replace(/\n$/, '')}`);
    if (line.startsWith('*')) this.beginTable(line);
    else if (this.table === null) throw new XmlFault(`line ${this.line} failed`, this.line, false);
    else if (line === 'COMMIT\n') this.endTable();
    else if (line.startsWith(':')) this.declare(line);
    else this.rule(line);
  }

  /** Two dashes must not stand side by side in a comment. */
  private comment(text: string): void {
    let dashes = 0;
    this.write(`<!-- ${text.replace(/-/g, () => (dashes++ % 2 === 0 ? '*-' : ' *-'))} -->\n`);
  }

  // ── Tables and chains ───────────────────────────────────────────────────────────────────────────────────────────

  private beginTable(line: string): void {
    const [name] = fields(line.slice(1));
    if (this.table !== null) this.endTable();
    if (name === undefined) throw this.misuse(`iptables-xml: line ${this.line} table name invalid`);
    this.table = name;
    this.write(`  <table name="${escaped(name)}" >\n`);
  }

  private endTable(): void {
    this.closeChain();
    for (const chain of this.chains) if (!chain.isWritten) this.write(`    <chain ${attributes(chain)} />\n`);
    this.write('  </table>\n');
    this.table = null;
    this.chains = [];
    this.isRuleOpen = false;
    this.last = null;
  }

  private declare(line: string): void {
    const [name, policy, counters] = fields(line.slice(1));
    if (name === undefined) throw this.misuse(`iptables-xml: line ${this.line} chain name invalid`);
    if (policy === undefined) throw this.misuse(`iptables-xml: line ${this.line} policy invalid`);
    this.counters = readCounters(counters ?? '') ?? this.counters;
    this.chains.push({ name, policy, counters: this.counters, isWritten: false });
  }

  /** A rule of a chain that was not declared stands wherever it is. */
  private openChain(name: string): void {
    if (this.chain?.name === name) return;
    for (const chain of this.chains.filter((one) => one.name === name)) {
      this.closeChain();
      this.write(`    <chain ${attributes(chain)} >\n`);
      chain.isWritten = true;
      this.chain = chain;
    }
  }

  private closeChain(): void {
    if (this.chain === null) return;
    this.closeRule();
    this.write('    </chain>\n');
    this.chain = null;
  }

  private closeRule(): void {
    if (this.isRuleOpen) this.write('       </actions>\n\n      </rule>\n\n');
    this.isRuleOpen = false;
  }

  // ── Rules ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private rule(line: string): void {
    const [counters, words] = this.countersAndWords(line);
    const [command, name] = words;
    if (command?.text !== '-A' || name === undefined) {
      throw new XmlFault(`line ${this.line} failed - no chain found`, this.line, false);
    }
    const rest = words.slice(2);
    const target = rest.findIndex(isTarget);
    const rule = { chain: name.text, words: rest, target: target < 0 ? rest.length : target };
    if (this.options.combines && this.last !== null && mayCombine(this.last, rule)) {
      this.write('<!-- Combine action from next rule -->\n');
    } else {
      this.closeRule();
      this.openChain(rule.chain);
      this.write(`      <rule ${counters}>\n`);
      this.conditions(rule.words.slice(0, rule.target));
      this.write('       <actions>\n');
      this.isRuleOpen = true;
    }
    this.parts(rule.words.slice(rule.target));
    this.last = rule;
  }

  private countersAndWords(line: string): [counters: string, words: Word[]] {
    if (!line.startsWith('[')) return ['', splitQuoted(line)];
    const colon = line.indexOf(':', 2);
    const end = colon < 0 ? -1 : line.indexOf(']', colon);
    if (end < 0) throw this.misuse(`Bad line ${this.line}: need ]`);
    const [packets, bytes] = [line.slice(1, colon), line.slice(colon + 1, end)];
    return [`packet-count="${packets}" byte-count="${bytes}" `, splitQuoted(line.slice(end + 1))];
  }

  private conditions(words: readonly Word[]): void {
    if (words.length === 0) return;
    this.write('       <conditions>\n');
    this.parts(words);
    this.write('       </conditions>\n');
  }

  /** Options behind `-m NAME` or `-j NAME` stand in an element of that name, those before the first in `match`. */
  private parts(words: readonly Word[]): void {
    let end = '';
    let isEmpty = false;
    const close = (): void => {
      if (isEmpty) this.write('  />\n');
      else if (end !== '') this.write(end);
      [end, isEmpty] = ['', false];
    };
    const fill = (): void => {
      if (isEmpty) this.write(' >\n');
      isEmpty = false;
    };
    for (let at = 0; at < words.length;) {
      const { text } = words[at]!;
      if (isPart(words[at]!)) {
        const name = words[at + 1]?.text;
        if (name === undefined) break;
        close();
        const wrapper = this.wrapperOf(text, name);
        if (wrapper === null) {
          this.write(`        <${name}`);
          [end, isEmpty] = [`        </${name}>\n`, true];
        } else {
          this.write(`        <${wrapper} >\n          <${name} />\n`);
          end = `        </${wrapper}>\n`;
        }
        at += 2;
        continue;
      }
      const isInverted = text === '!' && isOption(words[at + 1]);
      if (isInverted || isOption(words[at])) {
        if (at === 0) {
          this.write('        <match >\n');
          end = '        </match>\n';
        }
        fill();
        at = this.option(words, isInverted ? at + 1 : at, isInverted);
      } else {
        fill();
        at = this.plain(words, at);
      }
    }
    close();
  }

  /** `call` and `goto` for chains of the table; null for targets. */
  private wrapperOf(option: string, name: string): 'call' | 'goto' | null {
    if (option === '-m' || !this.chains.some((chain) => chain.name === name)) return null;
    return option === '-g' || option === '--goto' ? 'goto' : 'call';
  }

  /** One option with its values; returns where the next begins. */
  private option(words: readonly Word[], at: number, isInverted: boolean): number {
    const name = words[at]!.text.replace(/^--?/, '');
    const element = `          <${name} ${isInverted ? ' invert="1"' : ''}`;
    const next = words[at + 1];
    if (next === undefined || isOption(next)) {
      this.write(`${element} />\n`);
      return at + 1;
    }
    const values: string[] = [];
    let end = at + 1;
    while (end < words.length && !beginsOption(words, end)) values.push(shown(words[end++]!));
    this.write(`${element}>${values.join(' ')}</${name}>\n`);
    return end;
  }

  /** Words that belong to no option, as they are. */
  private plain(words: readonly Word[], from: number): number {
    let at = from;
    while (at < words.length && !beginsOption(words, at)) {
      this.write(`${at > from ? ' ' : ''}${shown(words[at++]!)}`);
    }
    return at;
  }

  private misuse(message: string): XmlFault {
    return new XmlFault(message, this.line, true);
  }
}

function isOption(word: Word | undefined): boolean {
  return word !== undefined && !word.quoted && word.text.startsWith('-');
}

function beginsOption(words: readonly Word[], at: number): boolean {
  const { text, quoted } = words[at]!;
  return isOption(words[at]) || (text === '!' && !quoted && isOption(words[at + 1]));
}

function isTarget({ text, quoted }: Word): boolean {
  return !quoted && ['-j', '--jump', '-g', '--goto'].includes(text);
}

function isPart(word: Word): boolean {
  return isTarget(word) || (word.text === '-m' && !word.quoted);
}

function mayCombine(before: Rule, rule: Rule): boolean {
  const { target, words } = before;
  if (before.chain !== rule.chain || target !== rule.target || target === 0) return false;
  const [kind, name] = [words[target]?.text, words[target + 1]?.text];
  if (kind === undefined || name === undefined || rule.words[target] === undefined) return false;
  if (kind === '-g' || kind === '--goto' || TERMINATING.includes(name)) return false;
  return words.slice(0, target).every(({ text }, i) => rule.words[i]!.text === text);
}

function attributes({ name, policy, counters }: Chain): string {
  const shownPolicy = policy === '-' ? '' : ` policy="${escaped(policy)}"`;
  return `name="${escaped(name)}"${shownPolicy} ${counters}`;
}

/** `[packets:bytes]` as attributes; null where there are none. */
function readCounters(text: string): string | null {
  const [, packets, bytes] = /^\[(\d+):(\d+)/.exec(text) ?? [];
  return packets === undefined || bytes === undefined
    ? null
    : `packet-count="${packets}" byte-count="${bytes}"`;
}

function fields(text: string): string[] {
  return text.split(/[ \t\n]+/).filter((field) => field !== '');
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' }[sign]!};`);
}

/** A quoted word with its quotes; what is in it is text. */
function shown({ text, quoted }: Word): string {
  return quoted ? `&quot;${escaped(text)}&quot;` : escaped(text);
}

/** As splitWords (src/netfilter/syntax/words.ts), but keeps which words were quoted; an open quote takes the rest of the line. */
function splitQuoted(line: string): Word[] {
  const words: Word[] = [];
  for (const [, plain = '', open, inside = '', close] of line.matchAll(
    /([^ \t\n"]*)(?:(")((?:\\[^]|[^"\\])*)("|$))?/g,
  )) {
    if (plain === '' && open === undefined) continue;
    words.push({ text: plain + inside.replace(/\\([^])/g, '$1'), quoted: close === '"' });
  }
  return words;
}
