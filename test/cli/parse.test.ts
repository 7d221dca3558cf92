import assert from 'node:assert/strict';
import { defineCommand } from '../../src/cli/command.ts';
import { commandHelp, programHelp } from '../../src/cli/help.ts';
import { parseWords } from '../../src/cli/parse.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';

const sample = defineCommand({
  name: 'sample',
  summary: 'Shows every kind of option.',
  about: ['What it is for.', '    kept as it is'],
  arguments: [{ name: 'FILE', about: 'Files.', required: false, variadic: true }],
  options: {
    json: { kind: 'flag', section: 'Report', about: 'JSON.' },
    trace: { kind: 'flag', negatable: true, section: 'Report', about: 'Traces.' },
    insideInterface: { kind: 'text', value: 'NAME', section: 'Input', about: 'A name.' },
    host: { kind: 'list', value: 'ADDRESS', more: /^[\d.]+$/, section: 'Input', about: 'Addresses.' },
    seed: { kind: 'number', value: 'N', min: 0, max: 9, short: 's', section: 'Input', about: 'A number.' },
    color: {
      kind: 'choice',
      choices: ['auto', 'never'],
      default: 'auto',
      section: 'Report',
      about: 'Colours.',
    },
  },
  examples: [{ about: 'Like this:', command: 'sluice sample a b' }],
  exit: [{ status: 1, about: 'something of its own' }],
  run: () => Promise.resolve(0),
});

function parse(...words: string[]) {
  const parsed = parseWords(['sample', ...words], [sample]);
  assert.equal(parsed.kind, 'run');
  return parsed.kind === 'run' ? parsed : assert.fail();
}

describe('command lines', () => {
  it('gives options by the names and kinds of their declaration', () => {
    const { args, options } = parse(
      'a',
      '--json',
      '--inside-interface',
      'lan',
      '-s',
      '7',
      'b',
      '--color',
      'never',
    );
    assert.deepEqual(args, ['a', 'b']);
    assert.deepEqual(
      { ...options },
      { json: true, insideInterface: 'lan', seed: 7, color: 'never', host: [] },
    );
  });

  it('leaves out what was not given, and tells --no-x from neither', () => {
    assert.deepEqual({ ...parse().options }, { color: 'auto', host: [] });
    assert.equal(parse('--no-trace').options['trace'], false);
    assert.equal(parse('--trace').options['trace'], true);
  });

  it('gathers lists, further values that follow directly included', () => {
    const { args, options } = parse('--host', '10.0.0.1', '10.0.0.2', 'capture', '--host=10.0.0.3');
    assert.deepEqual(options['host'], ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    assert.deepEqual(args, ['capture']);
    assert.deepEqual(parse('--host', '10.0.0.1', '--', '10.0.0.2').args, ['10.0.0.2']);
  });

  it('takes - as an argument and words behind -- literally', () => {
    assert.deepEqual(parse('-', '--', '--json').args, ['-', '--json']);
  });

  const wrong: readonly (readonly [words: string[], message: RegExp])[] = [
    [['sample', '--jsn'], /^unknown option '--jsn' \(Did you mean --json\?\)$/],
    [['sample', '--seed', '10'], /'10' is invalid.*whole number from 0 to 9/],
    [['sample', '--seed', '1e0'], /'1e0' is invalid/],
    [['sample', '--color', 'pink'], /Allowed choices are auto, never/],
    [['sample', '--inside-interface'], /argument missing/],
    [['sampel'], /^unknown command 'sampel' \(Did you mean sample\?\)$/],
    [['--jsn'], /unknown option '--jsn'/],
  ];
  for (const [words, message] of wrong) {
    it(`refuses "${words.join(' ')}"`, () => {
      assert.throws(() => parseWords(words, [sample]), { name: 'UsageError', message });
    });
  }

  it('answers --help, -h and help COMMAND alike', () => {
    for (const words of [
      ['sample', '--help'],
      ['sample', '-h'],
      ['help', 'sample'],
      ['sample', 'a', '--help'],
    ]) {
      assert.deepEqual(parseWords(words, [sample]), { kind: 'help', text: commandHelp(sample) });
    }
    for (const words of [['--help'], ['-h'], ['help']]) {
      assert.deepEqual(parseWords(words, [sample]), { kind: 'help', text: programHelp([sample]) });
    }
  });
});

describe('help', () => {
  it('says everything that the declaration says', () => {
    assert.equal(
      commandHelp(sample),
      `Usage: sluice sample [FILE…] [OPTION…]

What it is for.

    kept as it is

Arguments:
  FILE                        Files.

Report:
  --json                      JSON.
  --[no-]trace                Traces.
  --color auto|never          Colours. Default: auto.

Input:
  --inside-interface NAME     A name.
  --host ADDRESS              Addresses.
  -s, --seed N                A number.

Examples:
  Like this:
    sluice sample a b

Exit status:
  0     done
  1     something of its own
  2     usage, or input that cannot be read; standard error says where and what
        is wrong
  3     the input ended early (a cut capture); everything before the cut was
        processed and reported
  70    a defect in Sluice; set SLUICE_DEBUG=1 to see where
  141   whoever read standard output went away before the end
`,
    );
  });

  it('fits a terminal of 80 columns, examples apart', () => {
    const texts = [
      programHelp(COMMANDS),
      ...COMMANDS.map((command) => commandHelp({ ...command, examples: [] })),
    ];
    for (const line of texts.join('\n').split('\n')) assert.ok([...line].length <= 83, line);
  });
});
