/** The table of bounds in docs/guest-networks.md, against the sources that it names. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const [, table = ''] = /<!-- bounds -->(.*)<!-- end of bounds -->/s.exec(
  readFileSync('docs/guest-networks.md', 'utf8'),
)!;
const ROW = /^\| (.+?) +\| ([\d,]+) [^|]*\| [^|]+ \| `(.+?)` `(\w+)` *\|$/gm;

describe('the table of what is bounded', () => {
  const rows = [...table.matchAll(ROW)];

  it('names every bound once', () => {
    assert.equal(rows.length, table.trim().split('\n').length - 2);
    assert.equal(new Set(rows.map(([, , , file, name]) => `${file} ${name}`)).size, rows.length);
  });

  for (const [, what, most, file, name] of rows) {
    it(`tells the truth: ${what}, ${most}`, () => {
      const source = readFileSync(file!, 'utf8');
      const [, value = ''] = new RegExp(`const ${name} = ([\\d_* <]+);`).exec(source) ?? [];
      const [base = '', shift = '0'] = value.split('<<');
      const product = base
        .split('*')
        .reduce((total, factor) => total * Number(factor.replaceAll('_', '')), 1);
      assert.equal(product * 2 ** Number(shift), Number(most!.replaceAll(',', '')));
    });
  }
});
