/** `-m string`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { text, udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match string', () => {
  prints([
    [
      '-m string --algo kmp --string test --from 10 --to 20',
      '-m string --string "test" --algo kmp --from 10 --to 20',
    ],
    ['-m string ! --string test --algo bm --icase', '-m string ! --string "test" --algo bm --icase'],
    ['-m string --string test --algo bm --from 0 --to 65535', '-m string --string "test" --algo bm'],
    ["-m string --hex-string '|0d0a|abc' --algo bm", '-m string --hex-string "|0d0a616263|" --algo bm'],
    ["-m string ! --hex-string 'abc' --algo bm", '-m string ! --string "abc" --algo bm'],
    ["-m string --hex-string 'a\\|b' --algo bm", '-m string --string "a|b" --algo bm'],
    ["-m string --string 'a\"b c\\d' --algo bm", '-m string --string "a\\"b c\\\\d" --algo bm'],
    ['-m string --string "it\'s" --algo bm'],
    ["-m string --string 'ende\\' --algo bm", '-m string --hex-string "|656e64655c|" --algo bm'],
    ["-m string --hex-string '|41||42|' --algo bm", '-m string --string "A|42" --algo bm'],
    ["-m string --hex-string '|41 42 |' --algo bm", '-m string --string "AB" --algo bm'],
  ]);
  refuses([
    [
      '-m string --string test --algo bm --from 0 --to 65536',
      'string: bad value for option "--to", or out of range (0-65535).',
    ],
    ['-m string --string test --algo bm --from 20 --to 10', 'Invalid argument'],
    ["-m string --hex-string '|0d 0|' --algo bm", 'Invalid hex block'],
    ["-m string --string '' --algo bm", 'Invalid argument'],
    ["-m string --hex-string '' --algo bm", 'STRING must contain at least one char'],
    [
      '-m string --string a --hex-string b --algo bm',
      'string: option "--string" cannot be used together with "--hex-string".',
    ],
    ['-m string --string a --algo fsm', 'Invalid argument'],
    ['-m string --string a --algo wrong', 'No chain/target/match by that name'],
    ['-m string --string a', 'string: option "--algo" must be specified'],
    ['-m string --algo bm', "STRING match: You must specify `--string' or `--hex-string'"],
    ["-m string --hex-string '||41' --algo bm", "Invalid hex char '|'"],
    ["-m string --hex-string '| 41  42|' --algo bm", "Invalid hex char ' '"],
    ["-m string --hex-string '|4' --algo bm", 'Odd number of hex digits'],
    ["-m string --hex-string '|zz|' --algo bm", "Invalid hex char 'z'"],
  ]);
  lists([
    [
      '-m string --algo kmp --string test --from 10 --to 20',
      'STRING match  "test" ALGO name kmp FROM 10 TO 20',
    ],
    ['-m string ! --string test --algo bm --icase', 'STRING match ! "test" ALGO name bm ICASE'],
    ['-m string --string test --algo bm --from 0 --to 65535', 'STRING match  "test" ALGO name bm'],
    ["-m string --hex-string '|0d0a|abc' --algo bm", 'STRING match  "|0d0a616263|" ALGO name bm'],
    ["-m string ! --hex-string 'abc' --algo bm", 'STRING match ! "abc" ALGO name bm'],
    ["-m string --hex-string 'a\\|b' --algo bm", 'STRING match  "a|b" ALGO name bm'],
    ["-m string --string 'a\"b c\\d' --algo bm", 'STRING match  "a\\"b c\\\\d" ALGO name bm'],
    ['-m string --string "it\'s" --algo bm', 'STRING match  "it\'s" ALGO name bm'],
    ["-m string --string 'ende\\' --algo bm", 'STRING match  "|656e64655c|" ALGO name bm'],
    ["-m string --hex-string '|41||42|' --algo bm", 'STRING match  "A|42" ALGO name bm'],
    ["-m string --hex-string '|41 42 |' --algo bm", 'STRING match  "AB" ALGO name bm'],
  ]);

  const pkt = arrived(udp(v4, 1, 2, text('a needle in hay')));
  it('must begin at --from or later and end before --to, counted from the IP header', () => {
    // 20 bytes of IP, 8 of UDP, "a ": the needle is at 30.
    const within = (range: string) => ask(`-m string --string needle --algo bm ${range}`, pkt);
    assert.equal(within(''), 'matches');
    assert.equal(within('--from 30 --to 36'), 'matches');
    assert.equal(within('--from 31'), 'no');
    assert.equal(within('--to 35'), 'no');
    assert.equal(within('--from 5000'), 'no');
    assert.equal(ask('-m string ! --string needle --algo kmp', pkt), 'no');
  });
  it('finds bytes of headers', () => {
    assert.equal(ask('-m string --hex-string "|45|" --algo bm --to 1', pkt), 'matches');
  });
  it('folds letters as the kernel does, those of Latin-1 too', () => {
    assert.equal(ask('-m string --string NeeDLe --algo kmp --icase', pkt), 'matches');
    const latin = arrived(udp(v4, 1, 2, [0xe4, 0xdf, 0xf7]));
    assert.equal(ask('-m string --hex-string "|c4bf|" --algo bm --icase', latin), 'matches');
    assert.equal(ask('-m string --hex-string "|d7|" --algo bm --icase', latin), 'no');
  });
  it('finds exactly what a search byte by byte finds', () => {
    const letters = fc.array(fc.constantFrom(...text('abB')), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...text('abB')), { maxLength: 40 }),
        letters,
        fc.boolean(),
        (hay, needle, icase) => {
          const fold = (bytes: readonly number[]) =>
            String.fromCharCode(...(icase ? bytes.map((b) => (b > 0x60 ? b - 32 : b)) : bytes));
          const rule = `-m string --string ${String.fromCharCode(...needle)} --algo bm --from 28${icase ? ' --icase' : ''}`;
          const found = fold(hay).includes(fold(needle));
          assert.equal(ask(rule, arrived(udp(v4, 1, 2, hay))), found ? 'matches' : 'no');
        },
      ),
      { numRuns: 200 },
    );
  });
});
