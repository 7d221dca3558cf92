/** `-m u32`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { text, udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match u32', () => {
  prints([
    ['-m u32 --u32 "0x0=0x0&&0x0=0x1"'],
    ['-m u32 --u32 "0 & 0xFFFF = 0x100:0xFFFF"', '-m u32 --u32 "0x0&0xffff=0x100:0xffff"'],
    [
      '-m u32 ! --u32 "6&0xFF=0x1 && 4&0x1FFF=0 && 0>>22&0x3C@0>>24=0"',
      '-m u32 ! --u32 "0x6&0xff=0x1&&0x4&0x1fff=0x0&&0x0>>0x16&0x3c@0x0>>0x18=0x0"',
    ],
    [
      '-m u32 --u32 "0>>22&0x3C@12>>26&0x3C@8=1,2,5:8"',
      '-m u32 --u32 "0x0>>0x16&0x3c@0xc>>0x1a&0x3c@0x8=0x1,0x2,0x5:0x8"',
    ],
    ['-m u32 --u32 "0<<3=1"', '-m u32 --u32 "0x0<<0x3=0x1"'],
    ['-m u32 --u32 "0=1,2,3,4,5,6,7,8,9,10"', '-m u32 --u32 "0x0=0x1,0x2,0x3,0x4,0x5,0x6,0x7,0x8,0x9,0xa"'],
    ['-m u32 --u32 "0=2:1"', '-m u32 --u32 "0x0=0x2:0x1"'],
    ['-m u32 --u32 "010=017"', '-m u32 --u32 "0x8=0xf"'],
    ['-m u32 --u32 "0&1&1&1&1&1&1&1&1&1=1"', '-m u32 --u32 "0x0&0x1&0x1&0x1&0x1&0x1&0x1&0x1&0x1&0x1=0x1"'],
    ['-m u32 --u32 "4294967295=4294967295"', '-m u32 --u32 "0xffffffff=0xffffffff"'],
    ['-m u32 --u32 " 0 = 1 : 2 , 3 "', '-m u32 --u32 "0x0=0x1:0x2,0x3"'],
    ['-m u32 --u32 "0>>1<<2&3@4=5"', '-m u32 --u32 "0x0>>0x1<<0x2&0x3@0x4=0x5"'],
  ]);
  refuses([
    ['-m u32 --u32 "0=1:"', 'u32: at char 4: not a number or out of range'],
    ['-m u32 --u32 "0=:1"', 'u32: at char 2: not a number or out of range'],
    ['-m u32 --u32 "0"', 'u32: abrupt end of input after location specifier'],
    ['-m u32 --u32 ""', 'u32: abrupt end of input after location specifier'],
    ['-m u32 --u32 "0=1&&"', 'u32: abrupt end of input after location specifier'],
    ['-m u32 --u32 "0=1,2,3,4,5,6,7,8,9,10,11"', 'u32: at char 25: too many ","s'],
    ['-m u32 --u32 "x=1"', 'u32: at char 0: not a number or out of range'],
    ['-m u32 --u32 "0=1 ||2=3"', 'u32: at char 4: expected "," or "&&"'],
    [
      '-m u32 --u32 "0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1"',
      'u32: at char 53: too many "&&"s',
    ],
    ['-m u32 --u32 "4294967296=1"', 'u32: at char 0: not a number or out of range'],
    ['-m u32 --u32 "0=1;"', 'u32: at char 3: expected "," or "&&"'],
    ['-m u32 --u32 "0>>32=1"', 'Invalid argument'],
    ['-m u32 --u32 "-1=0"', 'u32: at char 0: not a number or out of range'],
    ['-m u32 --u32 "0 0=1"', 'u32: at char 2: operator expected'],
    ['-m u32 --u32 "0&=1"', 'u32: at char 2: not a number or out of range'],
    ['-m u32 --u32 "0=1,"', 'u32: at char 4: not a number or out of range'],
    ['-m u32 --u32 "0=1&&&0=1"', 'u32: at char 5: not a number or out of range'],
    ['-m u32 --u32 "0=1 && "', 'u32: abrupt end of input after location specifier'],
    ['-m u32 --u32 "0x=1"', 'u32: at char 1: operator expected'],
    ['-m u32 --u32 "0=1:2:3"', 'u32: at char 5: expected "," or "&&"'],
    ['-m u32 --u32 "0 & 5 5=1"', 'u32: at char 6: operator expected'],
    ['-m u32 --u32 "0==1"', 'u32: at char 2: not a number or out of range'],
    ['-m u32 --u32 "0=1=2"', 'u32: at char 3: expected "," or "&&"'],
    ['-m u32', 'u32: option "--u32" must be specified'],
  ]);
  lists([
    ['-m u32 --u32 "0x0=0x0&&0x0=0x1"', 'u32 "0x0=0x0&&0x0=0x1"'],
    ['-m u32 --u32 "0 & 0xFFFF = 0x100:0xFFFF"', 'u32 "0x0&0xffff=0x100:0xffff"'],
    [
      '-m u32 ! --u32 "6&0xFF=0x1 && 4&0x1FFF=0 && 0>>22&0x3C@0>>24=0"',
      'u32 ! "0x6&0xff=0x1&&0x4&0x1fff=0x0&&0x0>>0x16&0x3c@0x0>>0x18=0x0"',
    ],
    [
      '-m u32 --u32 "0>>22&0x3C@12>>26&0x3C@8=1,2,5:8"',
      'u32 "0x0>>0x16&0x3c@0xc>>0x1a&0x3c@0x8=0x1,0x2,0x5:0x8"',
    ],
    ['-m u32 --u32 "0<<3=1"', 'u32 "0x0<<0x3=0x1"'],
    ['-m u32 --u32 "0=1,2,3,4,5,6,7,8,9,10"', 'u32 "0x0=0x1,0x2,0x3,0x4,0x5,0x6,0x7,0x8,0x9,0xa"'],
    ['-m u32 --u32 "0=2:1"', 'u32 "0x0=0x2:0x1"'],
    ['-m u32 --u32 "010=017"', 'u32 "0x8=0xf"'],
    ['-m u32 --u32 "0&1&1&1&1&1&1&1&1&1=1"', 'u32 "0x0&0x1&0x1&0x1&0x1&0x1&0x1&0x1&0x1&0x1=0x1"'],
    ['-m u32 --u32 "4294967295=4294967295"', 'u32 "0xffffffff=0xffffffff"'],
    ['-m u32 --u32 " 0 = 1 : 2 , 3 "', 'u32 "0x0=0x1:0x2,0x3"'],
    ['-m u32 --u32 "0>>1<<2&3@4=5"', 'u32 "0x0>>0x1<<0x2&0x3@0x4=0x5"'],
  ]);

  const pkt = arrived(udp(v4, 1000, 53, text('needle'), { options: [0x94, 4, 0, 0] }));
  const answer = (tests: string) => ask(`-m u32 --u32 "${tests}"`, pkt);
  it('follows the header length to the transport header', () => {
    assert.equal(answer('0>>22&0x3C@0>>16=1000'), 'matches');
    assert.equal(answer('0>>22&0x3C@0&0xFFFF=53,80:90'), 'matches');
    assert.equal(answer('0>>22&0x3C@8=0x6e656564'), 'matches');
    assert.equal(answer('0>>28=4&&6&0xFF=6'), 'no');
    assert.equal(answer('8<<8>>24=17'), 'matches');
  });
  it('ends with no match where a read leaves the packet, and inverts that too', () => {
    assert.equal(answer('34=0:0xffffffff'), 'matches');
    assert.equal(answer('35=0:0xffffffff'), 'no');
    assert.equal(answer('0@0=0:0xffffffff'), 'no');
    assert.equal(answer('0xffffffff=0:0xffffffff'), 'no');
    assert.equal(ask('-m u32 ! --u32 "2000=0"', pkt), 'matches');
  });
  it('compares unsigned, and holds nothing in a reversed range', () => {
    assert.equal(answer('20=0x80000000:0xffffffff'), 'matches');
    assert.equal(answer('0=0xffffffff:0'), 'no');
  });
});
