import assert from 'node:assert/strict';
import type { OptionUse, ValueType } from '../../../src/netfilter/extension.ts';
import type { Family } from '../../../src/netfilter/hook.ts';
import { ValueError } from '../../../src/netfilter/syntax/value-error.ts';
import * as values from '../../../src/netfilter/syntax/values/index.ts';

function use(family: Family = 4, protocol: number | null = 6): OptionUse {
  return { family, protocol, extension: 'ext', option: 'opt' };
}

/** What the word prints as, or the complaint about it. */
function echo<V>(type: ValueType<V>, word: string, at: OptionUse = use()): string {
  try {
    const text = type.print(type.parse([word], at), at.family);
    assert.equal(type.print(type.parse([text.replace(/^"|"$/g, '')], at), at.family), text, 'read back');
    return text;
  } catch (error) {
    if (error instanceof ValueError) return `! ${error.message}`;
    throw error;
  }
}

type Case = readonly [type: keyof typeof values, word: string, printed: string | RegExp, at?: OptionUse];

const BAD = /^! /;
const CASES: readonly Case[] = [
  ['portRange', 'http:', '80:65535'],
  ['portRange', ':ssh', '0:22'],
  ['portRange', '0x50', '80'],
  ['portRange', 'tftp', "! invalid port/service `tftp' specified"],
  ['portRange', 'tftp', '69', use(4, 17)],
  ['portRange', '80:22', '! invalid portrange (min > max)'],
  ['resolvedPortRange', '70000', '4464'],
  ['resolvedPortRange', '5:4', '5:4'],
  ['resolvedPortRange', '010', '10'],
  ['resolvedPortRange', '0x50', /does not resolve/],
  ['portList', '1,0x10:0x20,ssh', '1,16:32,22'],
  ['portList', '1,5:4', '! invalid portrange specified'],
  ['portList', '1,2,3,4,5,6,7,8,9,10,11,12,13,14:15', '1,2,3,4,5,6,7,8,9,10,11,12,13,14:15'],
  ['portList', '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16', '! too many ports specified'],
  ['masked', '010', '0x8'],
  ['masked', '1/0xffffffff', '0x1'],
  ['masked', '0xffffffff/0xf', '0xffffffff/0xf'],
  ['masked', '1/-1', '! ext: bad integer value for option "--opt", or out of range.'],
  ['masked', '0x1ffffffff', BAD],
  ['address', '10.1', '10.0.0.1'],
  ['address', '1::2:0', '1::2:0', use(6)],
  ['address', '1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304', use(6)],
  ['address', '::ffff:1.2.3.4', '::ffff:1.2.3.4', use(6)],
  ['address', '::1.2.3.4', '::1.2.3.4', use(6)],
  ['address', '0:0:0:0:0:0:0:1', '::1', use(6)],
  ['address', '1:0:0:2:0:0:0:3', '1:0:0:2::3', use(6)],
  ['address', '1::2::3', BAD, use(6)],
  ['address', '1:2:3:4:5:6:7:8:9', BAD, use(6)],
  ['address', 'fe80::1%eth0', BAD, use(6)],
  ['hostNetwork', '1.2.3.4/255.255.0.0', '1.2.0.0/16'],
  ['hostNetwork', 'fd00::1/64', 'fd00::/64', use(6)],
  ['hostNetwork', '10.9.8.7/0.0.255.255', '10.9.8.7/32'],
  ['addressRange', '10.1', '10.1.0.0-10.1.0.0'],
  ['addressRange', 'fd00::1-fd00::9', 'fd00::1-fd00::9', use(6)],
  ['macAddress', '0:A:0b:0c:0d:0E', '00:0a:0b:0c:0d:0e'],
  ['macAddress', '00:11:22:33:44', BAD],
  ['rate', '5', '5/sec'],
  ['rate', '300/m', '5/sec'],
  ['rate', '3000/s', '3333/sec'],
  ['rate', '7/minute', '7/min'],
  ['rate', '61/min', '61/min'],
  ['rate', '10001/s', '! Rate too fast "10001/s"'],
  ['rate', '5/x', `! bad rate "5/x"'`],
  ['logLevel', 'panic', '0'],
  ['logLevel', 'warn', '! log level "warn" unknown'],
  ['dscp', '10', '0x0a'],
  ['dscp', '64', BAD],
  ['tos', 'minimize-delay', '0x10/0x3f'],
  ['tos', '16', '0x10/0xff'],
  ['tos', '256', '! Symbolic name "256" is unknown'],
  ['icmpType', '255/255', 'any'],
  ['icmpType', 'host-unr', '3/1'],
  ['icmpType', '8/0', '8/0'],
  ['icmpType', 'echo-re', "! Ambiguous ICMP type `echo-re': `echo-reply' or `echo-request'?"],
  ['icmpv6Type', 'neighbor-solicitation', '135'],
  ['icmpv6Type', 'any', "! Unknown ICMPv6 type `any'"],
  ['protocol', 'IPV6-ICMP', 'ipv6-icmp'],
  ['protocol', 'mh', 'mobility-header'],
  ['protocol', '47', 'gre'],
  ['protocol', '253', '253'],
  ['protocol', '256', '! unknown protocol "256" specified'],
  ['protocol', '__proto__', '! unknown protocol "__proto__" specified'],
  ['u32Tests', '0>>22&0x3C@12>>26=0x1:0x3', '"0x0>>0x16&0x3c@0xc>>0x1a=0x1:0x3"'],
  ['u32Tests', ' 0 = 1 , 2&&6&0xFF = 17', '"0x0=0x1,0x2&&0x6&0xff=0x11"'],
  ['u32Tests', '0', '! ext: abrupt end of input after location specifier'],
  ['u32Tests', '0+1=1', '! ext: at char 1: operator expected'],
  ['u32Tests', '0=1=2', '! ext: at char 3: expected "," or "&&"'],
  ['u32Tests', '0=0x1ffffffff', '! ext: at char 2: not a number or out of range'],
];

describe('option values are read and printed as by iptables', () => {
  for (const [name, word, printed, at] of CASES) {
    it(`${name}: ${word} is ${String(printed)}`, () => {
      const got = echo(values[name] as ValueType<unknown>, word, at);
      if (typeof printed === 'string') assert.equal(got, printed);
      else assert.match(got, printed);
    });
  }

  const NAT: readonly (readonly [word: string, printed: string, family?: Family])[] = [
    ['1.2.3.4-1.2.3.4:80-80', '1.2.3.4:80'],
    [':http', ':80'],
    ['1.2.3.4:ftp-data', '1.2.3.4:20'],
    ['1.2.3.4:1000-2000/3000', '1.2.3.4:1000-2000/3000'],
    ['1.2.3.4:90-80', "! Port range `80' funky"],
    ['1.2.3.4:1000/2000', "! Garbage after port value: `/2000'"],
    ['1.2.3.4:1-2-3', "! Garbage after port range: `-3'"],
    ['1.2.3.4:', "! Port `' not valid"],
    ['10.1', '! Bad IP address "10.1"'],
    ['[fd00::1-fd00::9]:80-90', '[fd00::1-fd00::9]:80-90', 6],
    ['[fd00::1]', 'fd00::1', 6],
    [':80', ':80', 6],
    ['::', '::', 6],
  ];
  for (const [word, printed, family = 4] of NAT) {
    it(`natRange: ${word} is ${printed}`, () => {
      assert.equal(echo(values.natRange(true), word, use(family)), printed);
    });
  }

  it('natRange: ports need a protocol that has them', () => {
    assert.equal(
      echo(values.natRange(false), '1.2.3.4:80', use(4, null)),
      '! Need TCP, UDP, SCTP or DCCP with port specification',
    );
  });

  it('text: quoted unless it is all letters, digits, - and _', () => {
    assert.deepEqual(
      ['a-_b9', 'a b', `it's`, 'a"b', 'a\\b', '', 'ä'].map((word) => values.quote(word)),
      ['a-_b9', '"a b"', `"it\\'s"`, '"a\\"b"', '"a\\\\b"', '""', '"ä"'],
    );
    assert.match(echo(values.text(3), 'äö'), /unexpected length 4/);
  });

  it('hexString: bytes between bars, a backslash before what is meant literally', () => {
    const parse = (word: string) => [...values.hexString(128).parse([word], use())];
    assert.deepEqual(parse('a|0d 0A|b'), [0x61, 0x0d, 0x0a, 0x62]);
    assert.deepEqual(parse('a\\|b'), [0x61, 0x7c, 0x62]);
    assert.throws(() => parse('|0d'), ValueError);
    assert.throws(() => parse('|0|'), ValueError);
  });
});
