import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LineMistake, readLine } from '../../src/programs/line.ts';

const words = (text: string) => readLine(text).words.map((word) => word.text);

describe('a line at the prompt', () => {
  it('has words, quoted or not, and knows where they stand', () => {
    assert.deepEqual(words(`-m comment --comment "two words" 'and "more"' a\\ b # a remark`), [
      ...['-m', 'comment', '--comment', 'two words', 'and "more"', 'a b'],
    ]);
    assert.deepEqual(readLine('  ip  "a b"').words, [
      { text: 'ip', start: 2, end: 4 },
      { text: 'a b', start: 6, end: 11 },
    ]);
    assert.deepEqual(words('-s 10.0.0.0/8#no'), ['-s', '10.0.0.0/8#no']);
  });

  it('takes files for input and output, and & at its end', () => {
    const line = readLine('iptables-restore <rules >> "out put" &');
    assert.deepEqual(
      [line.input, line.output, line.background, line.words.length],
      ['rules', { path: 'out put', append: true }, true, 1],
    );
  });

  it('says where a quote opens that nothing closes, and what is missing behind a sign', () => {
    const mistake = (text: string) => {
      try {
        readLine(text);
      } catch (error) {
        if (error instanceof LineMistake) return [error.column, error.message];
      }
      return null;
    };
    assert.deepEqual(mistake('ip "addr'), [3, 'a quote that is not closed']);
    assert.deepEqual(mistake('ip > '), [3, 'a file has to follow >']);
    assert.deepEqual(mistake('ip & addr'), [5, 'nothing may follow &']);
  });

  it('reads whatever is typed, or says what is wrong', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        try {
          for (const { start, end } of readLine(text).words) assert.ok(start < end && end <= text.length);
        } catch (error) {
          assert.ok(error instanceof LineMistake && error.column < text.length);
        }
      }),
    );
  });
});
