/**
 * The form of a compiled grammar (generated/*.ts) and the one place where nearley is called. nearley hands results
 * around untyped; what a grammar's rules make is known to the caller, who says so in `parseTokens`'s type argument.
 */
import nearley from 'nearley';

type GrammarSymbol = string | RegExp | { readonly type: string } | { readonly literal: string };

export interface CompiledGrammar {
  readonly Lexer: undefined;
  readonly ParserStart: string;
  readonly ParserRules: {
    readonly name: string;
    readonly symbols: GrammarSymbol[];
    readonly postprocess?: (d: unknown[]) => unknown;
  }[];
}

/** What a grammar is made of at its leaves. */
export interface GrammarToken {
  readonly type: string;
  readonly text: string;
}

/** A token stands where the grammar has no place for it; `index` is the number of tokens when the end is missing. */
export class GrammarError extends Error {
  readonly index: number;

  constructor(index: number) {
    super('the grammar has no place for this token');
    this.name = 'GrammarError';
    this.index = index;
  }
}

/** Feeds tokens made beforehand. */
class TokenFeed {
  private readonly tokens: readonly GrammarToken[];
  private at = 0;

  constructor(tokens: readonly GrammarToken[]) {
    this.tokens = tokens;
  }
  reset(): this {
    return this;
  }
  next(): (GrammarToken & { value: string }) | undefined {
    const token = this.tokens[this.at++];
    return token === undefined ? undefined : { ...token, value: token.text };
  }
  save(): object {
    return {};
  }
  formatError(): string {
    return '';
  }
  has(): boolean {
    return true;
  }
}

const known = new WeakMap<CompiledGrammar, nearley.Grammar>();

function prepared(grammar: CompiledGrammar): nearley.Grammar {
  let made = known.get(grammar);
  if (made === undefined) {
    made = nearley.Grammar.fromCompiled(grammar as unknown as nearley.CompiledRules);
    known.set(grammar, made);
  }
  return made;
}

/** The one tree of the tokens; throws GrammarError where they make none. */
export function parseTokens<T>(grammar: CompiledGrammar, tokens: readonly GrammarToken[]): T {
  const feed = new TokenFeed(tokens);
  const parser = new nearley.Parser(prepared(grammar), { lexer: feed as unknown as nearley.Lexer });
  try {
    parser.feed(' ');
  } catch (error) {
    const offset = (error as { offset?: unknown }).offset;
    if (typeof offset !== 'number') throw error;
    throw new GrammarError(Math.max(0, parser.current));
  }
  const results = parser.results as readonly T[];
  if (results.length === 0) throw new GrammarError(tokens.length);
  return results[0]!;
}
