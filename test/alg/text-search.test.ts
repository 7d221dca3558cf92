import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EditedText } from '../../src/alg/edited-text.ts';
import { requestMethodLength } from '../../src/alg/sip/first-line.ts';
import { search, WordSearch } from '../../src/alg/text-search.ts';
import { bytesOfText } from '../../src/alg/byte-text.ts';

const WORDS = ['maddr=', 'received=', 'rport='];
/** Words in any letters, folded lines, and what only looks like either. */
const pieces = fc.constantFrom(
  ...WORDS,
  'RPORT=',
  'mAddr=',
  'rport',
  'r',
  ';',
  '-',
  '2',
  '\r\n',
  '\r\n ',
  '\n\t',
  '\0',
  ',',
);

describe('searching in a text', () => {
  it('finds several words in one go where it finds each alone', () => {
    const words = new WordSearch(WORDS);
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), fc.nat(9), (all, from) => {
        const text = new EditedText(all.join(''));
        words.find(text, from, text.end);
        assert.deepEqual(
          [...words.places],
          WORDS.map((word) => search(text, from, text.end, word)),
        );
      }),
    );
  });

  it("looks for a bracket's end in a request's first line, not in what lies behind it", () => {
    const line = 'INVITE sip:[2001:db8::1 SIP/2.0';
    const bytes = bytesOfText(`${line}\r\n]`);
    let last = 0;
    const watched = new Proxy(bytes, {
      get(target, name): unknown {
        if (typeof name === 'string' && /^\d+$/.test(name)) last = Math.max(last, Number(name));
        return Reflect.get(target, name, target);
      },
    });
    assert.equal(requestMethodLength(watched, 0, line.length), 0);
    assert.ok(last < line.length, `read up to ${last}`);
  });
});
