import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatRows } from '../../../src/replay/report/columns.ts';
import { cutText, padText, padTextStart, textWidth } from '../../../src/replay/report/text-width.ts';

describe('text in columns', () => {
  it('counts wide characters twice and marks not at all', () => {
    assert.equal(textWidth('eth0'), 4);
    assert.equal(textWidth('大小'), 4);
    assert.equal(textWidth('e\u0301'), 1);
    assert.equal(textWidth('😀'), 2);
    assert.equal(textWidth('→ … ×'), 5);
  });

  it('never cuts to more than the width asked for, nor within a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const cut = cutText(text, width);
        assert.ok(textWidth(cut) <= width);
        assert.ok(cut === text || cut.endsWith('…'));
        assert.ok(text.startsWith(cut.replace(/…$/, '')));
      }),
    );
  });

  it('pads by columns, not by characters', () => {
    assert.equal(padText('大小', 6), '大小  ');
    assert.equal(padTextStart('é', 3), '  é');
  });

  it('lines columns up and cuts the flexible one to fit', () => {
    const rows = [
      ['1', 'short', 'a:1'],
      ['1,000', 'a long text that has to give way', 'b:22'],
    ];
    const columns = [{ align: 'right' }, { flexible: true }, {}] as const;
    assert.deepEqual(formatRows(rows, columns, ' ', 0), [
      '     1  short                             a:1',
      ' 1,000  a long text that has to give way  b:22',
    ]);
    assert.deepEqual(formatRows(rows, columns, ' ', 34), [
      '     1  short                 a:1',
      ' 1,000  a long text that ha…  b:22',
    ]);
  });
});
