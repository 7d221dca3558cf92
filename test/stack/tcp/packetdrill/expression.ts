/** Assertions of scripts, a small part of Python: `assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd`. */
import { ScriptError } from './script.ts';

export type Variables = (name: string) => number;

const TOKEN = /\s*(\w+|==|!=|<=|>=|\/\/|<<|>>|[-+*/%<>()&|^~]|,.*$)/sy;
const KEYWORDS = new Set(['and', 'or', 'not', 'abs', 'True', 'False']);

/** `own` are names that scripts give numbers to. Throws an Error that says which assertion does not hold, a ScriptError for what is more than assertions. */
export function checkAssertions(code: string, given: Variables, own: Map<string, number>): void {
  const variables: Variables = (name) => own.get(name) ?? given(name);
  for (const line of statements(code)) {
    if (line.startsWith('print')) continue;
    const match = /^assert\b\s*(.*)$/s.exec(line);
    const assigned = /^(\w+)\s*=\s*(-?(?:0x)?[\da-f]+)$/i.exec(line);
    if (assigned !== null) {
      own.set(assigned[1]!, Number(assigned[2]));
      continue;
    }
    if (match === null) throw new ScriptError(`only assertions are known here, not: ${line}`);
    const tokens = tokensOf(match[1]!);
    const evaluator = new Evaluator(tokens, variables);
    if (evaluator.value() === 0) {
      const names = [...new Set(tokens.filter((token) => /^[a-z]\w*$/i.test(token) && !KEYWORDS.has(token)))];
      throw new Error(`${line} (${names.map((name) => `${name} is ${variables(name)}`).join(', ')})`);
    }
    if (!evaluator.isAtEnd) throw new ScriptError(`not understood: ${line}`);
  }
}

function statements(code: string): string[] {
  return code
    .replace(/\\\n/g, ' ')
    .replace(/("[^"\n]*"|'[^'\n]*')|#[^\n]*/g, (_all, quoted?: string) => quoted ?? '')
    .split(/[\n;]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Up to the message that an assertion may have behind a comma. */
function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) throw new ScriptError(`not understood: assert ${text}`);
    if (match[1]!.startsWith(',')) break;
    tokens.push(match[1]!);
  }
  return tokens;
}

class Evaluator {
  private readonly tokens: readonly string[];
  private readonly variables: Variables;
  private at = 0;

  constructor(tokens: readonly string[], variables: Variables) {
    this.tokens = tokens;
    this.variables = variables;
  }

  value(): number {
    return this.either();
  }

  get isAtEnd(): boolean {
    return this.at === this.tokens.length;
  }

  private take(...words: readonly string[]): string | undefined {
    const token = this.tokens[this.at];
    if (token === undefined || !words.includes(token)) return undefined;
    this.at++;
    return token;
  }

  private either(): number {
    let value = this.both();
    while (this.take('or') !== undefined) {
      const right = this.both();
      value = value !== 0 ? value : right;
    }
    return value;
  }

  private both(): number {
    let value = this.not();
    while (this.take('and') !== undefined) {
      const right = this.not();
      value = value === 0 ? 0 : right;
    }
    return value;
  }

  private not(): number {
    return this.take('not') !== undefined ? Number(this.not() === 0) : this.comparison();
  }

  private comparison(): number {
    let left = this.bits();
    let holds = true;
    let isComparison = false;
    for (
      let op = this.take('==', '!=', '<', '<=', '>', '>=');
      op !== undefined;
      op = this.take('==', '!=', '<', '<=', '>', '>=')
    ) {
      const right = this.bits();
      isComparison = true;
      holds &&= compare(op, left, right);
      left = right;
    }
    return isComparison ? Number(holds) : left;
  }

  private bits(): number {
    let value = this.sum();
    for (let op = this.take('&', '|', '^'); op !== undefined; op = this.take('&', '|', '^')) {
      const right = this.sum();
      value = op === '&' ? value & right : op === '|' ? value | right : value ^ right;
    }
    return value;
  }

  private sum(): number {
    let value = this.product();
    for (let op = this.take('+', '-'); op !== undefined; op = this.take('+', '-')) {
      value = op === '+' ? value + this.product() : value - this.product();
    }
    return value;
  }

  private product(): number {
    let value = this.atom();
    for (let op = this.take('*', '/', '//', '%'); op !== undefined; op = this.take('*', '/', '//', '%')) {
      const right = this.atom();
      if (op === '*') value *= right;
      else if (op === '%') value %= right;
      else value = op === '/' ? value / right : Math.floor(value / right);
    }
    return value;
  }

  private atom(): number {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new ScriptError('an assertion ends too early');
    if (token === '-') return -this.atom();
    if (token === 'abs') return Math.abs(this.atom());
    if (token === 'True' || token === 'False') return Number(token === 'True');
    if (token === '(') {
      const value = this.either();
      if (this.take(')') === undefined) throw new ScriptError('a bracket without its end');
      return value;
    }
    if (!/^\w/.test(token)) throw new ScriptError(`not understood in an assertion: ${token}`);
    return /^\d/.test(token) ? Number(token) : this.variables(token);
  }
}

function compare(op: string, left: number, right: number): boolean {
  switch (op) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}
