/** The words of a capture filter (pcap-filter(7)), with their places in the text. */
export interface Token {
  readonly text: string;
  readonly at: number;
}

/** What is wrong with an expression, and where. */
export class FilterMistake extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = 'FilterMistake';
    this.at = at;
  }
}

const TOKEN = /\s*(?:(&&|\|\||<<|>>|<=|>=|!=|==|[()[\]!&|=<>+*%^]|[-/](?=\s)|[^\s()[\]!&|=<>+*%^]+))/y;
/** Within brackets a colon and an operator part numbers; outside they are part of addresses, names and ranges. */
const INNER =
  /\s*(?:(&&|\|\||<<|>>|[()[\]!&|+*%^:/-]|[^\s()[\]!&|=<>+*%^:/]*[^\s()[\]!&|=<>+*%^:/-]|[^\s]))/y;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  for (let at = 0; at < text.length;) {
    const pattern = depth > 0 ? INNER : TOKEN;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null || match[1] === undefined) {
      if (/^\s*$/.test(text.slice(at))) break;
      throw new FilterMistake(`what is "${text.slice(at).trim()[0]!}"?`, at);
    }
    const token = match[1];
    if (token === '[') depth++;
    else if (token === ']') depth--;
    tokens.push({ text: token, at: match.index + match[0].length - token.length });
    at = pattern.lastIndex;
  }
  return tokens;
}
