import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bytesOfText, textOfBytes } from '../../src/alg/byte-text.ts';
import { EditedText } from '../../src/alg/edited-text.ts';

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly words: string;
}

const START = 3;

/** Edits of a text of 60 bytes that leave at least a byte between them, in any order. */
const edits = fc
  .array(
    fc.record({
      length: fc.integer({ min: 0, max: 4 }),
      words: fc.string({ unit: fc.constantFrom('x', 'y'), maxLength: 9 }),
    }),
    { maxLength: 10 },
  )
  .map((all) => all.map((edit, i): Edit => ({ ...edit, at: START + 6 * i + 1 })))
  .chain((all) => fc.shuffledSubarray(all));

const TEXT = '0123456789'.repeat(6);

function textWith(all: readonly Edit[]): EditedText {
  const text = new EditedText();
  const bytes = bytesOfText(`<<<${TEXT}>>>`);
  text.load(bytes, START, START + TEXT.length);
  for (const { at, length, words } of all) assert.ok(text.replace(at, length, words));
  return text;
}

function spliced(all: readonly Edit[]): string {
  let text = TEXT;
  for (const { at, length, words } of [...all].sort((a, b) => b.at - a.at)) {
    text = text.slice(0, at - START) + words + text.slice(at - START + length);
  }
  return text;
}

describe('a text that is edited', () => {
  it('comes out as if every edit had been made by itself, from the last one on', () => {
    fc.assert(
      fc.property(edits, (all) => {
        const text = textWith(all);
        assert.equal(text.editedLength, spliced(all).length);
        assert.equal(text.editedLengthFrom(START), spliced(all).length);
        const out = new Uint8Array(5 + text.room);
        const end = text.write(out, 5);
        assert.equal(textOfBytes(out, 5, end), spliced(all));
        assert.equal(text.text, spliced(all));
      }),
    );
  });

  it('takes the last words said of a place, and goes on from what was applied', () => {
    const text = textWith([]);
    text.replace(START, 2, 'long words');
    text.replace(START, 2, 'x');
    text.apply();
    assert.equal(text.editedLength, TEXT.length - 1);
    text.replace(text.start + 1, 1, 'yy');
    assert.equal(text.text, `xyy${TEXT.slice(3)}`);
  });

  it('refuses what would make it longer than it may be', () => {
    const text = new EditedText();
    text.load(bytesOfText('abc'), 0, 3, 4);
    assert.equal(text.replace(0, 1, 'xxx'), false);
    assert.equal(text.replace(0, 1, 'xx'), true);
    assert.equal(text.replace(1, 1, 'yy'), false);
    assert.equal(text.text, 'xxbc');
  });
});
