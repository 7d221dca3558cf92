/** The tokens of an expression, read one after the other. */
import { FilterMistake, tokensOf, type Token } from './lexer.ts';

export class Tokens {
  private readonly all: readonly Token[];
  private readonly length: number;
  private at = 0;

  constructor(text: string) {
    this.all = tokensOf(text);
    this.length = text.length;
  }

  get position(): number {
    return this.at;
  }

  /** Back to an earlier position. */
  rewind(position: number): void {
    this.at = position;
  }

  /** `ahead`: how many tokens behind the next one. Null at the end. */
  peek(ahead = 0): string | null {
    return this.all[this.at + ahead]?.text ?? null;
  }

  next(): string {
    const token = this.all[this.at];
    if (token === undefined) throw new FilterMistake('the expression ends too early', this.length);
    this.at++;
    return token.text;
  }

  /** Takes the next token when it is one of these. */
  take(...words: readonly string[]): string | null {
    const word = this.peek();
    if (word === null || !words.includes(word)) return null;
    this.at++;
    return word;
  }

  expect(word: string): void {
    if (this.peek() !== word) throw this.mistake(`"${word}" is missing`, 0);
    this.at++;
  }

  /** About the token read last, or with `back` 0 the next one. */
  mistake(message: string, back = 1): FilterMistake {
    return new FilterMistake(message, this.all[this.at - back]?.at ?? this.length);
  }
}
