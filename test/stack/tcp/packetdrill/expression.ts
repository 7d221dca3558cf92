/** Assertions of scripts, a small part of Python: `assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd`. */

export type Variables = (name: string) => number;

/** Throws an Error that says which assertion does not hold. */
export function checkAssertions(code: string, variables: Variables): void {
  for (const line of code.split(/[\n;]/).map((part) => part.trim())) {
    if (line === '' || line.startsWith('print')) continue;
    const match = /^assert\s+(.*)$/.exec(line);
    if (match === null) throw new Error(`not an assertion: ${line}`);
    const tokens = match[1]!.match(/\w+|==|!=|<=|>=|\/\/|[-+*/%<>(),]|"[^"]*"|'[^']*'/g) ?? [];
    const value = new Evaluator(tokens, variables).value();
    if (value === 0) {
      const names = [...new Set(tokens.filter((token) => /^tcpi_/.test(token)))];
      throw new Error(`${line} (${names.map((name) => `${name} is ${variables(name)}`).join(', ')})`);
    }
  }
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
    let left = this.sum();
    let holds = true;
    let isComparison = false;
    for (
      let op = this.take('==', '!=', '<', '<=', '>', '>=');
      op !== undefined;
      op = this.take('==', '!=', '<', '<=', '>', '>=')
    ) {
      const right = this.sum();
      isComparison = true;
      holds &&= compare(op, left, right);
      left = right;
    }
    return isComparison ? Number(holds) : left;
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
    if (token === undefined) throw new Error('an assertion ends too early');
    if (token === '-') return -this.atom();
    if (token === '(') {
      const value = this.either();
      this.take(')');
      return value;
    }
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
