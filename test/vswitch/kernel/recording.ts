/** Answers of another kernel, kept as they were recorded (record.ts): the first line says which kernel it was, the others are a case each. */
import { readFileSync, writeFileSync } from 'node:fs';

export interface Recording<Answer> {
  readonly kernel: string;
  readonly answers: readonly Answer[];
}

export function readRecording<Answer>(file: string): Recording<Answer> {
  const [first, ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const { kernel } = JSON.parse(first!) as { kernel: string };
  return { kernel, answers: rest.map((line) => JSON.parse(line) as Answer) };
}

export function writeRecording<Answer>(file: string, { kernel, answers }: Recording<Answer>): void {
  writeFileSync(file, [{ kernel }, ...answers].map((line) => `${JSON.stringify(line)}\n`).join(''));
}
