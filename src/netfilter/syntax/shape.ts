/**
 * Lines of one shape need the grammar only once. The shape of a line is its words with the values taken out: options,
 * negations, and the names that decide what the options mean (protocols, matches, targets) stay as they are; any other
 * word is a blank. Files of 100,000 rules have a few dozen shapes. The plan of a shape is kept and applied to the next
 * line's words; a line read this way and one that went through the grammar give the same rule.
 */
import type { CompiledGrammar } from './compiled-grammar.ts';
import { GrammarError, parseTokens } from './compiled-grammar.ts';
import { grammar } from './generated/iptables.ts';
import { tokenize, type TokenLine } from './getopt.ts';
import { LineError } from './line-error.ts';
import { planLine, type Plan } from './plan.ts';
import type { Registry } from './registry.ts';
import type { Line } from './tree.ts';

/** Options whose value belongs to the shape. */
const SHAPING = new Set(['-p', '--protocol', '--proto', '-m', '--match']);
const JUMPING = new Set(['-j', '--jump']);

/** Values in the options' own words (`--dport=80`) make a shape of each; a cache that has filled up is begun anew. */
const MOST_SHAPES = 4096;

export class Shapes {
  private readonly registry: Registry;
  private readonly file: boolean;
  private plans = new Map<string, Plan>();

  /** `file`: lines of a rules file, else arguments of a command line. */
  constructor(registry: Registry, file: boolean) {
    this.registry = registry;
    this.file = file;
  }

  /** The plan of the first `count` words; throws LineError. */
  plan(words: readonly string[], count: number): Plan {
    const key = this.key(words, count);
    const known = key === null ? undefined : this.plans.get(key);
    if (known !== undefined) return known;
    const plan = parsePlan(words, count, this.registry, this.file);
    if (key !== null) {
      if (this.plans.size >= MOST_SHAPES) this.plans = new Map();
      this.plans.set(key, plan);
    }
    return plan;
  }

  /** Null for words whose shape can't be told without parsing them. */
  private key(words: readonly string[], count: number): string | null {
    let key = '';
    for (let i = 0; i < count; i++) {
      const word = words[i]!;
      const first = word.charCodeAt(0);
      if (isOption(first)) {
        key += word + '\n';
        const jumps = JUMPING.has(word);
        if (jumps || SHAPING.has(word)) {
          const next = ++i < count ? words[i]! : '';
          // This may be a value that only looks like the option, and the next word the real one.
          if (isOption(next.charCodeAt(0))) return null;
          key += jumps && !this.registry.isTarget(next) && next !== '' ? '>\n' : next + '\n';
        } else if (first === DASH && mayShape(word)) {
          return null;
        }
      } else if (i === 0 && this.file && (first === STAR || first === COLON || first === BRACKET)) {
        key += word[0]! + '\n';
      } else if (i === 0 && word === 'COMMIT') {
        key += 'COMMIT\n';
      } else {
        key += first === BRACKET ? '[\n' : '.\n';
      }
    }
    return key;
  }
}

const BANG = 0x21;
const STAR = 0x2a;
const DASH = 0x2d;
const COLON = 0x3a;
const BRACKET = 0x5b;

function isOption(firstCharacter: number): boolean {
  return firstCharacter === DASH || firstCharacter === BANG;
}

/** True of other ways to write the options above: `--prot`, `-ptcp`, `--match=tcp`, `-jACCEPT`, `-nj`. */
function mayShape(word: string): boolean {
  if (word.charCodeAt(1) === DASH) return /^--(p|pr|pro|prot.*|m|ma|mat|match.*|j|ju|jum|jump.*)$/.test(word);
  return word.length > 2;
}

function parsePlan(words: readonly string[], count: number, registry: Registry, file: boolean): Plan {
  const tokens = tokenize(words, count, registry, file);
  return planLine(parseLine(grammar, tokens), tokens, registry);
}

function parseLine(rules: CompiledGrammar, line: TokenLine): Line {
  try {
    return parseTokens<Line>(rules, line.tokens);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    throw misplaced(line, error.index);
  }
}

const INCOMPLETE: Readonly<Record<string, string>> = {
  chain: 'policy invalid',
  replace: '-R requires a rule number',
  policy: '-P requires a chain and a policy',
  rename_chain: '-E requires old-chain-name and new-chain-name',
};

function misplaced({ tokens }: TokenLine, index: number): LineError {
  const before = tokens
    .slice(0, index)
    .reverse()
    .find(({ type }) => type in INCOMPLETE);
  if (before !== undefined) return new LineError('RULE_SYNTAX', INCOMPLETE[before.type]!, before.word);
  const token = tokens[index];
  return new LineError('RULE_SYNTAX', `Bad argument \`${token?.text ?? ''}'`, token?.word ?? -1);
}
