import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  formatIp,
  formatIp4,
  formatIp6,
  formatMac,
  maskWord,
  parseIp,
  parseIp4,
  parseIp6,
  parseMac,
  prefixOfMask,
} from '../../src/wire/address.ts';

function round6(text: string): string {
  const words = new Int32Array(4);
  assert.ok(parseIp6(text, words), text);
  return formatIp6(words[0]!, words[1]!, words[2]!, words[3]!);
}

describe('wire/address: IPv4', () => {
  it('holds addresses as signed words and prints them unsigned', () => {
    assert.equal(parseIp4('255.255.255.255'), -1);
    assert.equal(parseIp4('10.0.0.1'), 0x0a000001);
    assert.equal(formatIp4(-1), '255.255.255.255');
    assert.equal(formatIp4(0x80000000 | 0), '128.0.0.0');
  });

  it('reads back whatever it prints', () => {
    fc.assert(fc.property(fc.integer(), (word) => assert.equal(parseIp4(formatIp4(word)), word)));
  });

  it('refuses what inet_pton refuses', () => {
    for (const text of [
      '',
      '1',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '1..2.3',
      '.1.2.3',
      '1.2.3.',
      ' 1.2.3.4',
      '1.2.3.4 ',
      '0x1.2.3.4',
      '1.2.3.-4',
    ]) {
      assert.equal(parseIp4(text), undefined, text);
    }
    assert.equal(parseIp4('0.0.0.0'), 0);
  });
});

describe('wire/address: IPv6', () => {
  // Left what is read, right what inet_ntop of glibc prints.
  const CASES: readonly (readonly [string, string])[] = [
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff', '::ffff'],
    ['::1:0', '::0.1.0.0'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::ffff:0:1.2.3.4', '::ffff:0:102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['0:0:0:0:0:fffe:1:2', '::fffe:1:2'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['0:1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ];
  for (const [text, printed] of CASES) {
    it(`prints ${text} as ${printed}`, () => assert.equal(round6(text), printed));
  }

  it('reads back whatever it prints, for addresses with many zeros too', () => {
    const word = fc.oneof(fc.integer(), fc.constantFrom(0, 1, 0xffff, 0x10000, -65536));
    fc.assert(
      fc.property(word, word, word, word, (a, b, c, d) => {
        const words = new Int32Array(4);
        const text = formatIp6(a, b, c, d);
        assert.ok(parseIp6(text, words), text);
        assert.deepEqual([...words], [a, b, c, d]);
      }),
    );
  });

  it('refuses what inet_pton refuses', () => {
    const words = new Int32Array(4);
    for (const text of [
      '',
      ':',
      ':::',
      '1',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1::2::3',
      '12345::',
      '1:',
      ':1',
      '1:2:3:4:5:6:7:8::',
      '::1:2:3:4:5:6:7:8',
      '1:2:3:4:5:6:7:1.2.3.4',
      '::1.2.3',
      '::1.2.3.256',
      '1.2.3.4',
      'fe80::1%eth0',
      '::g',
      '::/0',
      '::1 ',
    ]) {
      assert.equal(parseIp6(text, words), false, text);
    }
  });

  it('never throws on any text', () => {
    const words = new Int32Array(4);
    const text = fc.string({ unit: fc.constantFrom(':', '.', '0', '1', 'f', '255', 'x'), maxLength: 24 });
    fc.assert(
      fc.property(text, (value) => {
        parseIp6(value, words);
        parseIp4(value);
        parseMac(value);
      }),
    );
  });
});

describe('wire/address: either family, masks and MAC addresses', () => {
  it('tells the family from the text', () => {
    const words = new Int32Array(4).fill(7);
    assert.equal(parseIp('192.0.2.1', words), 4);
    assert.deepEqual([...words], [0xc0000201 | 0, 0, 0, 0]);
    assert.equal(formatIp(4, words[0]!, 0, 0, 0), '192.0.2.1');
    assert.equal(parseIp('fd00::1', words), 6);
    assert.equal(formatIp(6, words[0]!, words[1]!, words[2]!, words[3]!), 'fd00::1');
    assert.equal(parseIp('localhost', words), 0);
  });

  it('makes masks of every prefix length and back', () => {
    assert.equal(maskWord(0, 0), 0);
    assert.equal(maskWord(24, 0), 0xffffff00 | 0);
    assert.equal(maskWord(32, 0), -1);
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => maskWord(65, i)),
      [-1, -1, 0x80000000 | 0, 0],
    );
    for (let prefix = 0; prefix <= 32; prefix++) assert.equal(prefixOfMask(maskWord(prefix, 0)), prefix);
    assert.equal(prefixOfMask(0xff00ff00 | 0), -1);
  });

  it('reads and prints MAC addresses', () => {
    const mac = parseMac('02:00:5E:10:00:ff');
    assert.ok(mac);
    assert.equal(formatMac(mac, 0), '02:00:5e:10:00:ff');
    assert.deepEqual(parseMac('02-00-5e-10-00-ff'), mac);
    for (const text of [
      '',
      '02:00',
      '02:00-5e:10:00:ff',
      '2:0:5e:10:0:ff',
      '02:00:5e:10:00:fg',
      '02:00:5e:10:00:ff:00',
    ]) {
      assert.equal(parseMac(text), undefined, text);
    }
  });
});
