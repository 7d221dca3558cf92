import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bytesOfText } from '../../src/alg/byte-text.ts';
import { EditedText } from '../../src/alg/edited-text.ts';
import { StrictMessage } from '../../src/alg/sip/strict-message.ts';

const HEAD =
  'BYE sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\nFrom: <sip:a@x>\r\nTo: <sip:b@x>\r\n';
const headers = fc.constantFrom('X: y\r\n', 'v: z\r\n', 'Subject: a\r\n b\r\n\tc\r\n', 'x:\r\n');

function linesOf(text: EditedText): number[][] {
  return Array.from({ length: text.lineCount }, (_, i) => [
    text.lineStart(i),
    text.lineInitial(i),
    text.lineEnd(i),
  ]);
}

describe('the head of a SIP message', () => {
  it('has the lines that its text would be found to have, also when it is edited', () => {
    const message = new StrictMessage();
    fc.assert(
      fc.property(fc.array(headers, { maxLength: 80 }), fc.nat(5), (more, start) => {
        const words = `${HEAD}${more.join('')}\r\n`;
        const bytes = bytesOfText(`${'<'.repeat(start)}${words}body\r\n`);
        assert.equal(message.read(bytes, start, bytes.length), null);
        const { top } = message;
        const alone = new EditedText();
        alone.load(bytes, start, start + words.length);
        assert.deepEqual([top.initials, linesOf(top)], [alone.initials, linesOf(alone)]);
        for (const text of [top, alone]) {
          text.replace(start, 'BYE'.length, 'GOODBYE\r\nq:');
          text.apply();
        }
        assert.deepEqual([top.initials, linesOf(top)], [alone.initials, linesOf(alone)]);
      }),
    );
  });
});
