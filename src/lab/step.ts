/** A step of a lab file: what is run on which node, and what is expected of it (run.ts judges). */
import type { ConfigFile } from '../base/config-file.ts';
import { didYouMean } from '../base/did-you-mean.ts';
import { booleanAt, fail, objectAt, onlyKeys, textAt } from '../base/plain-object.ts';
import { LineMistake, readLine } from '../programs/line.ts';
import { COMMAND_NAMES } from './commands/index.ts';
import { durationAt } from './duration.ts';
import { nodeAt } from './endpoint.ts';
import type { LabNode, StepConfig } from './topology.ts';

const DEFAULT_DURATION_US = 1e6;

export function parseStep(
  value: unknown,
  path: string,
  nodes: readonly LabNode[],
  file: ConfigFile,
): StepConfig {
  const step = objectAt(value, path);
  onlyKeys(step, path, ['on', 'run', 'input', 'after', 'for', 'background', 'expect']);
  const on = nodeAt(textAt(step['on'], `${path}.on`), `${path}.on`, nodes);
  const line = textAt(step['run'], `${path}.run`).trim();
  const run = wordsOf(line, `${path}.run`);
  if (!COMMAND_NAMES.includes(run[0]!)) {
    fail(
      `${path}.run`,
      `no command "${run[0]}"${didYouMean(run[0]!, COMMAND_NAMES)}; there are ${COMMAND_NAMES.join(', ')}`,
    );
  }
  return {
    on,
    run,
    line,
    input: step['input'] === undefined ? '' : textAt(step['input'], `${path}.input`),
    after: durationAt(step['after'] ?? 0, `${path}.after`),
    lasts: durationAt(step['for'] ?? '1s', `${path}.for`) || DEFAULT_DURATION_US,
    background: booleanAt(step['background'] ?? false, `${path}.background`),
    expect: objectAt(step['expect'] ?? {}, `${path}.expect`),
    path,
    place: file.placeOf(path),
  };
}

/** The words of a command, as the prompt reads them. */
function wordsOf(line: string, path: string): readonly string[] {
  try {
    const { words, input, output, background } = readLine(line);
    if (input !== null || output !== null)
      fail(path, 'a step has no files; what the command reads is "input"');
    if (background) fail(path, 'a step that others do not wait for says "background: true"');
    return words.length === 0 ? fail(path, 'must be a command') : words.map(({ text }) => text);
  } catch (error) {
    if (!(error instanceof LineMistake)) throw error;
    return fail(path, `${error.message} (column ${error.column + 1} of the command)`);
  }
}
