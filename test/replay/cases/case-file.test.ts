import assert from 'node:assert/strict';
import * as path from 'node:path';
import fc from 'fast-check';
import { loadCase, parseCase, runCase } from '../../../src/replay/cases/index.ts';
import { CASE_KEYS, EXPECTATION_KEYS } from '../../../src/replay/cases/case-keys.ts';
import { editDistance, nearestWord } from '../../../src/base/did-you-mean.ts';
import { FILTER_KEYS } from '../../../src/replay/cases/filter-keys.ts';
import { TOTAL_KEYS } from '../../../src/replay/cases/total-keys.ts';
import { CaseFileError, YamlReader, type Keys } from '../../../src/replay/cases/yaml-reader.ts';
import { caseText, folder, mistakesOf } from './support.ts';

/** A line of an expectation, and what is answered; `5:` is the first line of the expectations. */
const MISTAKES: readonly (readonly [what: string, expect: string, answers: readonly string[]])[] = [
  [
    'a key that does not exist',
    '  - packet: 1\n    verdct: DROP',
    [
      '6:5: an expectation has no key "verdct" (did you mean "verdict"?)',
      '5:5: the expectation says nothing of packet 1 (verdict, rule, out …)',
    ],
  ],
  [
    'a key of a filter',
    '  - all: { prot: tcp }\n    verdict: DROP',
    ['5:12: a filter has no key "prot" (did you mean "proto"?)'],
  ],
  [
    'a word of a choice',
    '  - packet: 1\n    verdict: [DROP, ACEPT]',
    ['6:21: unknown word "ACEPT" (did you mean "ACCEPT"?)'],
  ],
  ['a state', '  - all: { state: NWE }\n    out: none', ['5:19: unknown word "NWE" (did you mean "NEW"?)']],
  [
    'a table',
    '  - packet: 1\n    rule: fliter:FORWARD:1',
    ['6:11: no table is called "fliter" (did you mean "filter"?)'],
  ],
  ['rule 0', '  - packet: 1\n    rule: filter:FORWARD:0', ['6:11: rules are numbered from 1']],
  [
    'a reason for drops',
    '  - totals: { drops: { POLCY: 1 } }',
    ['5:24: no drop has the reason "POLCY" (did you mean "POLICY"?)'],
  ],
  ['a protocol', '  - none: { proto: tpc }', ['5:20: unknown protocol "tpc" (did you mean "tcp"?)']],
  ['a TCP flag', '  - none: { flags: [SYM] }', ['5:21: unknown TCP flag "SYM" (did you mean "SYN"?)']],
  ['an ICMP type', '  - none: { icmp: echo }', ['5:19: neither ICMP nor ICMPv6 has a type "echo"']],
  [
    'an address',
    '  - none: { src: 10.0.0.0/33 }',
    ['5:18: expected an address or a network such as 10.0.0.0/8, not "10.0.0.0/33"'],
  ],
  ['a port', '  - none: { dport: 70000 }', ['5:20: expected a port or a range (1024-65535), not "70000"']],
  [
    'a range the wrong way round',
    '  - none: { dport: 9-3 }',
    ['5:20: expected a port or a range (1024-65535), not "9-3"'],
  ],
  [
    'a packet number',
    '  - packet: 0\n    out: none',
    ['5:13: expected a packet number or a range (3-9), not "0"'],
  ],
  [
    'a translation',
    '  - packet: 1\n    snat: 10.0.0.1 -> 10.0.0',
    ['6:11: expected an address, address:port, [address]:port or :port, not "10.0.0"'],
  ],
  [
    'two arrows',
    '  - packet: 1\n    dnat: 1.1.1.1 -> 2.2.2.2 -> 3.3.3.3',
    ['6:11: expected one "->" at most in "1.1.1.1 -> 2.2.2.2 -> 3.3.3.3"'],
  ],
  [
    'a number of packets',
    '  - count: about 3',
    ['5:12: expected a number, "at least N", "at most N" or "N-M", not "about 3"'],
  ],
  [
    'a mark',
    '  - packet: 1\n    ctmark: 0x1ffffffff',
    ['6:13: expected a mark (0-0xffffffff), not "0x1ffffffff"'],
  ],
  [
    'a regular expression',
    '  - packet: 1\n    log: /(/',
    ['6:10: Invalid regular expression: /(/: Unterminated group'],
  ],
  [
    'a text that YAML takes for a map',
    '  - packet: 1\n    log: { refused: IN }',
    ['6:10: expected a text or a /regular expression/ (a text with ": " in it needs quotes)'],
  ],
  [
    'a value that is not there',
    '  - packet: 1\n    verdict:',
    [
      '6:5: "verdict" needs a value: `ACCEPT`, `DROP`, `STOLEN`, `QUEUE`, or a list',
      '5:5: the expectation says nothing of packet 1 (verdict, rule, out …)',
    ],
  ],
  ['a map where a text belongs', '  - packet: 1\n    out: { a: b }', ['6:10: expected a text']],
  [
    'a text where a map belongs',
    '  - all: tcp\n    out: none',
    ['5:10: a filter has to be a map of keys and values'],
  ],
  [
    'no subject',
    '  - verdict: DROP',
    [
      '5:5: an expectation speaks of one thing (packet, packets, all, any, none, count, totals, golden, goldenJson)',
    ],
  ],
  [
    'two subjects',
    '  - packet: 1\n    all: {}\n    verdict: DROP',
    [
      '5:5: an expectation speaks of one thing (packet, packets, all, any, none, count, totals, golden, goldenJson), not of packet and all',
    ],
  ],
  [
    'where without count',
    '  - all: {}\n    where: {}\n    verdict: DROP',
    ['6:5: "where" belongs to "count"; "all" takes its filter itself'],
  ],
  [
    'a verdict of the totals',
    '  - totals: { frames: 1 }\n    verdict: DROP',
    ['6:5: "verdict" speaks of a packet and cannot stand beside "totals"'],
  ],
  ['empty totals', '  - totals: {}', ['5:5: "totals" says nothing']],
  [
    'an anchor that is not there',
    '  - packet: 1\n    out: *wan',
    ['6:10: no anchor "wan" is defined before'],
  ],
  [
    'YAML itself',
    '  - packet: [1\n',
    ['7:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  ['a key twice', '  - packet: 1\n    out: eth0\n    out: eth1', ['7:5: Map keys must be unique']],
  ['not a list', '  packet: 1', ['5:3: expected a list: each expectation begins with "- "']],
  ['an empty list', '  []', ['5:3: a case without expectations proves nothing']],
];

describe('case files: mistakes', () => {
  for (const [what, expect, answers] of MISTAKES) {
    it(`are answered where they stand: ${what}`, () => {
      const yaml = caseText(expect, 'about: x\n');
      // caseText puts the expectations in line 5.
      assert.equal(yaml.split('\n')[3], 'expect:');
      assert.deepEqual(mistakesOf(yaml), answers);
    });
  }

  it('names what a case needs and does not have', () => {
    assert.deepEqual(mistakesOf('about: x\n'), [
      '1:1: a case needs "name": what the case shows, as a sentence',
      '1:1: a case needs "captures": what comes in',
      '1:1: a case needs "expect": what has to come of it',
    ]);
  });

  it('refuses an empty file and one that is no map', () => {
    assert.deepEqual(mistakesOf(''), ['1:1: is empty']);
    assert.deepEqual(mistakesOf('- a\n'), ['1:1: a case has to be a map of keys and values']);
  });

  it('names captures, rules and gateways that cannot be read, in the line that names them', () => {
    const yaml =
      'name: t\ncaptures: [a.pcap, b.pcap]\nrules: no.rules\ngateway: .\nexpect: [{ packet: 1, out: none }]\n';
    assert.deepEqual(mistakesOf(yaml).sort(), [
      '2:1: captures: ./b.pcap: no such file or directory',
      '3:1: rules: ./no.rules: no such file or directory',
      '4:1: gateway: .: is a directory',
    ]);
  });

  it('reports a mistake inside the gateway file where it stands there', () => {
    const where = folder({
      'gw.yaml': 'interfaces:\n  eth0: [\n',
      't.case.yaml': caseText('  - { packet: 1, out: none }', 'gateway: gw.yaml\n'),
    });
    assert.throws(
      () => loadCase(path.join(where, 't.case.yaml')),
      (error) =>
        error instanceof CaseFileError &&
        path.basename(error.place.file ?? '') === 'gw.yaml' &&
        error.place.line !== undefined,
    );
  });

  it('refuses two cases in a file, endless nesting and aliases that multiply', () => {
    assert.deepEqual(mistakesOf('name: x\n---\nname: y\n'), [
      '2:1: one case a file: a second document begins here',
    ]);
    assert.equal(mistakesOf(`name: ${'['.repeat(100_000)}`).length, 1);
    const levels = [...'bcdefgh'].map(
      (letter, i) => `  ${letter}: &${letter} [${`*${'abcdefg'[i]},`.repeat(10)}]\n`,
    );
    const bomb = ['  a: &a [1, 1]\n', ...levels];
    const [mistake = ''] = mistakesOf(caseText('  - { count: 1 }', `gateway:\n${bomb.join('')}`));
    assert.match(mistake, /^4:3: Excessive alias count/);
  });

  it('places a mistake in rules of the case where it stands in the file', () => {
    const yaml = caseText(
      '  - { count: 1 }',
      'rules: |\n\n    *filter\n    -A FORWARD -p tcp --dprt 80\n    COMMIT\n',
    );
    const file = path.join(folder({ 't.case.yaml': yaml }), 't.case.yaml');
    const [error] = runCase(file).errors;
    assert.deepEqual(
      [error?.message, error?.place],
      ['unknown option "--dprt"', { file, line: 6, column: 23 }],
    );
  });

  it('finds all mistakes in one reading', () => {
    const yaml = caseText('  - { packet: 1, verdict: DRPO }\n  - { packet: x, out: none }', 'sed: 4\n');
    assert.deepEqual(mistakesOf(yaml), [
      '3:1: a case has no key "sed" (did you mean "seed"?)',
      '5:27: unknown word "DRPO" (did you mean "DROP"?)',
      '6:15: expected a packet number or a range (3-9), not "x"',
    ]);
  });

  it('never ends in anything but a CaseFileError, whatever the text', () => {
    const pieces = [
      'name:',
      'expect:',
      '- ',
      'all: ',
      '{',
      '}',
      '[',
      ']',
      '\n',
      '  ',
      'packet: 1',
      '|',
      '*a',
      '&a',
      '#',
      '"',
      '1',
      'out',
      ': ',
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 20 }), (parts) => {
        try {
          parseCase(parts.join(''), 'x.case.yaml');
        } catch (error) {
          assert.ok(error instanceof CaseFileError, String(error));
          assert.ok(error.mistakes.length > 0);
        }
      }),
    );
  });
});

describe('case files', () => {
  it('take paths from where they stand, and hand on all options', () => {
    const where = folder({
      'rules/r': '*filter\nCOMMIT\n',
      'gw.yaml': 'interfaces: {}\n',
      'cases/t.case.yaml':
        'name: t\nabout: more\ncaptures: { eth0: ../a.pcap }\nrules: ../rules/r\nrules6: ../rules/r\ngateway: ../gw.yaml\n' +
        'inside: [10.0.0.0/8, fd00::/8]\nhost: 10.0.0.1\ninsideInterface: lan\noutsideInterface: wan\nclosedLoop: false\n' +
        'checksums: verify\nseed: 0x10\nengine: reference\ncutCaptures: accept\nexpect: [{ packet: 1, out: none }]\n',
    });
    const { options, acceptCut, about } = loadCase(path.join(where, 'cases/t.case.yaml'));
    const rules = { text: '*filter\nCOMMIT\n', file: path.join(where, 'rules/r') };
    const { gateway, ...others } = options;
    assert.deepEqual(gateway?.value, { interfaces: {} });
    assert.deepEqual(others, {
      rules,
      rules6: rules,
      inputs: [{ iface: 'eth0', path: path.join(where, 'a.pcap') }],
      inside: ['10.0.0.0/8', 'fd00::/8'],
      host: ['10.0.0.1'],
      insideInterface: 'lan',
      outsideInterface: 'wan',
      closedLoop: false,
      checksums: 'verify',
      seed: 16,
      engine: 'reference',
    });
    assert.equal(acceptCut, true);
    assert.equal(about, 'more');
  });

  it('may hold rules and gateway; lines of the rules are lines of the file', () => {
    const where = folder({
      't.case.yaml': caseText(
        '  - { packet: 1, out: none }',
        'rules: |\n  *filter\n  COMMIT\ngateway: { routes: [] }\n',
      ),
    });
    const { options } = loadCase(path.join(where, 't.case.yaml'));
    assert.equal(options.rules?.text.split('\n')[3], '*filter');
    assert.equal(options.rules?.file, path.join(where, 't.case.yaml'));
    assert.deepEqual(options.gateway?.value, { routes: [] });
  });

  it('may repeat themselves by anchors', () => {
    const where = folder({
      't.case.yaml': caseText(
        '  - { all: &web { dport: 80 }, out: none }\n  - { none: *web, verdict: DROP }',
      ),
    });
    const { expectations } = loadCase(path.join(where, 't.case.yaml'));
    assert.equal(expectations.length, 2);
  });
});

describe('the declarations of keys', () => {
  const tables: Readonly<Record<string, Keys>> = {
    case: CASE_KEYS,
    expectation: EXPECTATION_KEYS,
    filter: FILTER_KEYS,
    totals: TOTAL_KEYS,
  };
  for (const [name, keys] of Object.entries(tables)) {
    for (const [key, { type, example, about }] of Object.entries(keys)) {
      it(`have an example that can be read: ${key} of a ${name}`, () => {
        const reader = new YamlReader(example, 'example');
        const printed = reader.read((root) => type.print(type.read(reader, root)));
        assert.notEqual(printed, '');
        assert.doesNotMatch(about, /\.$/);
      });
    }
  }
});

describe('did you mean', () => {
  it('finds the nearest word within a third of the length', () => {
    assert.equal(nearestWord('verdcit', ['verdict', 'rule']), 'verdict');
    assert.equal(nearestWord('POLCY', ['POLICY']), 'POLICY');
    assert.equal(nearestWord('zzzz', ['rule', 'out']), null);
  });

  it('counts insertions, deletions, replacements and exchanged neighbours as one step each', () => {
    const steps: readonly (readonly [string, string, number])[] = [
      ['abc', 'abc', 0],
      ['abc', 'abxc', 1],
      ['abc', 'ac', 1],
      ['abc', 'axc', 1],
      ['abc', 'acb', 1],
      ['', 'abc', 3],
    ];
    for (const [a, b, distance] of steps) assert.equal(editDistance(a, b), distance, `${a} ${b}`);
  });

  it('is the same both ways, and no more than the longer word', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        const distance = editDistance(a, b);
        assert.equal(distance, editDistance(b, a));
        assert.ok(distance <= Math.max(a.length, b.length));
        assert.equal(distance === 0, a === b);
      }),
    );
  });
});
