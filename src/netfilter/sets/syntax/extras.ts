/** What `add` may say of an element besides its value, and how it is printed behind the element. */
import { byteLength } from '../../syntax/values/text.ts';
import { SetError } from '../set-error.ts';
import { holdsNetworks, type SetType } from '../set-types.ts';
import { MAX_TIMEOUT_S, type ElementExtras } from '../settings.ts';
import { readCounter, readNumber } from './numbers.ts';

export const EXTRA_NAMES = [
  'timeout',
  'packets',
  'bytes',
  'comment',
  'skbmark',
  'skbprio',
  'skbqueue',
] as const;
export type ExtraName = (typeof EXTRA_NAMES)[number];

const COMMENT_BYTES = 255;

/** One of them from its word. */
export function readExtra(name: ExtraName, word: string): Partial<ElementExtras> {
  switch (name) {
    case 'timeout':
      return { timeout: readNumber(word, 0, MAX_TIMEOUT_S) };
    case 'packets':
      return { packets: readCounter(word) };
    case 'bytes':
      return { bytes: readCounter(word) };
    case 'comment':
      return { comment: readComment(word) };
    case 'skbmark':
      return { skbmark: readMark(word) };
    case 'skbprio':
      return { skbprio: readPriority(word) };
    case 'skbqueue':
      return { skbqueue: readNumber(word, 0, 0xffff) };
  }
}

/** The pairs of word and value that are printed, in their order; a value of null stands for a bare word. */
export function printedExtras(
  extras: ElementExtras,
  type: SetType,
  wildcard: boolean,
): readonly (readonly [name: string, value: string | null])[] {
  const pairs: (readonly [string, string | null])[] = [];
  const { timeout, packets, bytes, comment, skbmark, skbprio, skbqueue } = extras;
  if (timeout !== null) pairs.push(['timeout', String(timeout)]);
  if (extras.nomatch && holdsNetworks(type)) pairs.push(['nomatch', null]);
  if (wildcard) pairs.push(['wildcard', null]);
  if (packets !== null) pairs.push(['packets', wide(packets)]);
  if (bytes !== null) pairs.push(['bytes', wide(bytes)]);
  if (comment !== null) pairs.push(['comment', `"${comment}"`]);
  if (skbmark !== null && (skbmark[0] !== 0 || skbmark[1] !== 0)) pairs.push(['skbmark', printMark(skbmark)]);
  if (skbprio !== null && skbprio !== 0) {
    pairs.push(['skbprio', `${(skbprio >>> 16).toString(16)}:${(skbprio & 0xffff).toString(16)}`]);
  }
  if (skbqueue !== null && skbqueue !== 0) pairs.push(['skbqueue', String(skbqueue)]);
  return pairs;
}

/** Numbers of 64 bits without an exponent. */
function wide(value: number): string {
  return BigInt(value).toString();
}

function readComment(word: string): string {
  if (word.includes('"')) throw new SetError('Syntax error: " character is not permitted in comments');
  if (byteLength(word) <= COMMENT_BYTES) return word;
  throw new SetError(`Syntax error: Comment is longer than the maximum allowed ${COMMENT_BYTES} characters`);
}

const HEX32 = '0[xX]([0-9a-fA-F]{1,8})';
const MARK = new RegExp(`^${HEX32}(?:/${HEX32})?$`);

function readMark(word: string): readonly [mark: number, mask: number] {
  const found = MARK.exec(word);
  if (found === null) {
    throw new SetError(
      'Syntax error: Invalid skbmark format, it should be:  MARK/MASK or MARK (see manpage)',
    );
  }
  return [
    Number.parseInt(found[1]!, 16) | 0,
    found[2] === undefined ? -1 : Number.parseInt(found[2], 16) | 0,
  ];
}

function printMark([mark, mask]: readonly [number, number]): string {
  const hex = (value: number) => `0x${(value >>> 0).toString(16)}`;
  return mask === -1 ? hex(mark) : `${hex(mark)}/${hex(mask)}`;
}

function readPriority(word: string): number {
  const found = /^([0-9a-fA-F]+):([0-9a-fA-F]+)$/.exec(word);
  if (found === null) {
    throw new SetError('Syntax error: Invalid skbprio format, it should be:MAJOR:MINOR (see manpage)');
  }
  return (Number.parseInt(found[1]!, 16) << 16) | (Number.parseInt(found[2]!, 16) & 0xffff);
}
