import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseRestore, printRules, printSave, RuleError } from '../../../src/netfilter/syntax/index.ts';
import type { RestoreOptions } from '../../../src/netfilter/syntax/index.ts';

function restore(lines: readonly string[], options: Partial<RestoreOptions> = {}) {
  return parseRestore(lines.map((line) => `${line}\n`).join(''), {
    family: 4,
    file: 'test.rules',
    ...options,
  });
}

/** The rules of the filter table as `-S` prints them. */
function filter(lines: readonly string[], options: Partial<RestoreOptions> = {}): string[] {
  const ruleset = restore(['*filter', ...lines, 'COMMIT'], options);
  return printRules(ruleset.tables.get('filter')!)
    .split('\n')
    .filter((line) => line.startsWith('-A'));
}

function refusal(lines: readonly string[], options: Partial<RestoreOptions> = {}): RuleError {
  try {
    restore(lines, options);
  } catch (error) {
    if (error instanceof RuleError) return error;
    throw error;
  }
  throw new Error(`accepted: ${lines.join(' / ')}`);
}

const inFilter = (line: string) => refusal(['*filter', line, 'COMMIT']);

describe('parseRestore reads', () => {
  it('what stands on a line in any order, and prints it in iptables-save’s', () => {
    assert.deepEqual(
      filter(['-A INPUT -j DROP --protocol tcp -i eth+ -d 10/8 --dport ssh ! -s 1.2.3.4/24']),
      ['-A INPUT ! -s 1.2.3.0/24 -d 10.0.0.0/8 -i eth+ -p tcp -m tcp --dport 22 -j DROP'],
    );
  });

  it('options of a protocol without -m, and the same match twice', () => {
    assert.deepEqual(
      filter(['-A INPUT -p 6 --dpor 5 -m tcp --sport 4', '-A INPUT -p tcp -m length --length 4 --syn']),
      [
        '-A INPUT -p tcp -m tcp --dport 5 -m tcp --sport 4',
        '-A INPUT -p tcp -m length --length 4 -m tcp --tcp-flags FIN,SYN,RST,ACK SYN',
      ],
    );
  });

  it('several addresses as several rules, each with each', () => {
    assert.deepEqual(filter(['-A INPUT -s 1.1.1.1,2.2.2.2 -d 3.3.3.3,4.4.4.4']), [
      '-A INPUT -s 1.1.1.1/32 -d 3.3.3.3/32',
      '-A INPUT -s 1.1.1.1/32 -d 4.4.4.4/32',
      '-A INPUT -s 2.2.2.2/32 -d 3.3.3.3/32',
      '-A INPUT -s 2.2.2.2/32 -d 4.4.4.4/32',
    ]);
  });

  it('host names only with a resolver', () => {
    const resolve = (name: string) => (name === 'www.example' ? ['192.0.2.1', '192.0.2.9'] : []);
    assert.deepEqual(filter(['-A INPUT -s www.example/29'], { resolve }), [
      '-A INPUT -s 192.0.2.0/29',
      '-A INPUT -s 192.0.2.8/29',
    ]);
    assert.match(inFilter('-A INPUT -s www.example').message, /`www.example' not found/);
    assert.match(
      refusal(['*filter', '-A INPUT -s nowhere', 'COMMIT'], { resolve }).message,
      /`nowhere' not found/,
    );
  });

  it('commands other than -A, as iptables does', () => {
    const lines = [
      '-N foo',
      '-A foo -j DROP',
      '-A INPUT -j foo',
      '-I INPUT -s 1.1.1.1',
      '-R INPUT 2 -g foo',
      '-D foo 1',
      '-E foo bar',
    ];
    assert.deepEqual(filter(lines), ['-A INPUT -s 1.1.1.1/32', '-A INPUT -g bar']);
  });

  it('counters only when asked, but those of -c always', () => {
    const lines = ['*filter', ':INPUT ACCEPT [5:6]', '[1:2] -A INPUT', '[3:4] -A INPUT -c 7 8', 'COMMIT'];
    assert.match(
      printSave(restore(lines), { counters: true }),
      /:INPUT ACCEPT \[0:0\][^]*\[0:0\] -A INPUT\n\[7:8\] -A INPUT\n/,
    );
    const counted = printSave(restore(lines, { counters: true }), { counters: true });
    assert.match(counted, /:INPUT ACCEPT \[5:6\][^]*\[1:2\] -A INPUT\n\[7:8\] -A INPUT\n/);
  });

  it('quotes as iptables-restore does', () => {
    assert.deepEqual(
      filter(['-A INPUT -m comment --comment "a \\"b\\" \\\\ c"', '-A INPUT -m comment --comment ""']),
      ['-A INPUT -m comment --comment "a \\"b\\" \\\\ c"', '-A INPUT -m comment --comment ""'],
    );
    assert.equal(inFilter('-A INPUT -m comment --comment a"b c"d').message, "Bad argument `d'");
  });

  it('a table spoken of twice anew, and keeps the policies of the first', () => {
    const ruleset = restore([
      '*filter',
      ':FORWARD DROP',
      '-A INPUT',
      'COMMIT',
      '*filter',
      '-A OUTPUT',
      'COMMIT',
    ]);
    assert.equal(
      printRules(ruleset.tables.get('filter')!),
      '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-A OUTPUT\n',
    );
  });

  it('with noflush, on top of what is in force', () => {
    const ruleset = restore(['*filter', ':own -', '-A own', 'COMMIT', '*nat', 'COMMIT']);
    const more = restore(['*filter', '-A INPUT -j own', 'COMMIT'], { ruleset, noflush: true });
    assert.equal(
      printRules(more.tables.get('filter')!).split('\n').slice(3).join(' '),
      '-N own -A INPUT -j own -A own ',
    );
    assert.ok(more.tables.has('nat'));
    assert.equal(
      ruleset.tables.get('filter')!.chains.get('INPUT')!.rules.length,
      0,
      'the ruleset before is as it was',
    );
  });

  it('chains with the names of JavaScript’s own properties', () => {
    assert.deepEqual(
      filter([':__proto__ -', ':constructor -', '-A INPUT -j __proto__', '-A __proto__ -j constructor']),
      ['-A INPUT -j __proto__', '-A __proto__ -j constructor'],
    );
  });

  it('places: each rule knows its file and line', () => {
    const rule = restore(['*filter', '', '# comment', '-A INPUT', 'COMMIT'])
      .tables.get('filter')!
      .chains.get('INPUT')!.rules[0]!;
    assert.deepEqual(rule.place, { file: 'test.rules', line: 4 });
  });
});

describe('parseRestore refuses, in iptables’ words and with the place,', () => {
  const cases: readonly (readonly [
    what: string,
    line: string,
    message: RegExp,
    column?: number,
    word?: string,
  ])[] = [
    ['an option that nobody knows', '-A INPUT --foo', /^unknown option "--foo"$/, 10, '--foo'],
    [
      'an option before the match that brings it',
      '-A INPUT --dport 5 -p tcp',
      /^unknown option "--dport"$/,
      10,
    ],
    ['a beginning of several options', '-A INPUT -p tcp --d 5', /^unknown option "--d"$/, 17],
    [
      'an unknown match',
      '-A INPUT -m foo',
      /^Couldn't load match `foo':No such file or directory$/,
      13,
      'foo',
    ],
    ['an unknown target', '-A INPUT -j FOO', /^Couldn't load target `FOO':No such file or directory$/, 13],
    ['goto to no chain', '-A INPUT -g ACCEPT', /^goto 'ACCEPT' is not a chain$/, 13],
    [
      'a value out of range',
      '-A INPUT -m length --length 70000',
      /^length: bad value for option "--length" near "70000", or out of range \(0-65535\)\.$/,
      29,
      '70000',
    ],
    [
      'a value with a tail',
      '-A INPUT -m length --length 1-2',
      /^length: Argument to "--length" has unexpected characters near "-2"\.$/,
    ],
    ['a value that is missing', '-A INPUT -m length --length', /^option "--length" requires an argument$/],
    ['an option that is missing', '-A INPUT -m length', /^length: option "--length" must be specified$/],
    [
      'an option given twice',
      '-A INPUT -m length --length 1 --length 2',
      /^length: option "--length" can only be used once\.$/,
      31,
    ],
    [
      'a mark given in two ways',
      '-A INPUT -j MARK --set-mark 1 --or-mark 2',
      /^MARK: option "--set-mark" cannot be used together with "--or-mark"\.$/,
    ],
    ['a negation of nothing', '-A INPUT -s 1.1.1.1 !', /^nothing appropriate following !$/],
    ['two negations', '-A INPUT ! ! -s 1.1.1.1', /^multiple consecutive ! not allowed$/],
    ['a negation before -j', '-A INPUT ! -j DROP', /^cannot have ! before -j$/],
    ['a negation before -m', '-A INPUT ! -m length', /^unexpected ! flag before --match$/],
    [
      'a negation of what can not be',
      '-A INPUT -j MARK ! --set-mark 1',
      /^MARK: option "--set-mark" cannot be inverted\.$/,
    ],
    ['the old place of the negation', '-A INPUT -s ! 1.1.1.1', /^Bad argument `1\.1\.1\.1'$/, 15],
    [
      'a negation with several addresses',
      '-A INPUT ! -s 1.1.1.1,2.2.2.2',
      /^! not allowed with multiple source/,
    ],
    ['two sources', '-A INPUT -s 1.1.1.1 -s 2.2.2.2', /^multiple -s flags not allowed$/, 21],
    ['two targets', '-A INPUT -j ACCEPT -j DROP', /^multiple -j flags not allowed$/, 20],
    ['a word too many', '-A INPUT DROP', /^Bad argument `DROP'$/, 10],
    ['an unknown protocol', '-A INPUT -p foo', /^unknown protocol "foo" specified$/, 13],
    ['not all protocols', '-A INPUT ! -p all', /^rule would never match protocol$/],
    ['an address that is none', '-A INPUT -s 10.0.0.300', /^host\/network `10\.0\.0\.300' not found$/, 13],
    ['a mask that is none', '-A INPUT -s 1.2.3.4/33', /^invalid mask `33' specified$/],
    [
      'an interface name too long',
      '-A INPUT -i abcdefghijklmnop',
      /^interface name `abcdefghijklmnop' must be shorter than IFNAMSIZ \(15\)$/,
    ],
    ['an outgoing interface in INPUT', '-A INPUT -o eth0', /^Can't use -o with INPUT$/, 10],
    ['an incoming interface in OUTPUT', '-A OUTPUT -i eth0', /^Can't use -i with OUTPUT$/, 11],
    ['a chain that is missing', '-A NOPE -j DROP', /^No chain\/target\/match by that name\.$/],
    ['-t', '-A INPUT -t nat', /^The -t option cannot be used in iptables-restore\.$/],
    ['a list', '-L INPUT', /can not list/],
    ['two commands', '-A INPUT -D INPUT', /^Cannot use -D with -A$/],
    ['a replacement without a number', '-R INPUT -j DROP', /^-R requires a rule number$/],
    ['a rule number that is none', '-D INPUT 0', /^Invalid rule number `0'$/],
    ['the letter and its protocol in one word', '-A INPUT -ptcp', /^unknown protocol "-ptcp" specified$/],
    ['counters that are none', '-A INPUT -c 5', /^-c requires packet and byte counter$/],
    ['a table within a table', '*nat', /^Bad argument `\*nat'$/],
    ['a chain without a policy', ':own', /policy invalid/],
    [
      'a policy for a user chain',
      ':own ACCEPT',
      /^Can't set policy `ACCEPT' on `own' line 2: Bad built-in chain name$/,
    ],
    [
      'a policy that is none',
      ':INPUT QUEUE',
      /^Can't set policy `QUEUE' on `INPUT' line 2: Bad policy name$/,
    ],
    [
      'a chain name of 29 bytes',
      `-N ${'x'.repeat(29)}`,
      /^chain name `x{29}' too long \(must be under 29 chars\)$/,
    ],
    ['a chain with the name of a target', '-N MARK', /^chain name may not clash with target name$/],
    ['a chain that exists', '-N INPUT', /^Chain already exists\.$/],
    ['a quote that is not closed', '-A INPUT -m comment --comment "abc', /quote that is not closed/, 31],
    ['a NUL byte', '-A INPUT -j \0DROP', /NUL byte/, 13],
    ['the end of line of another system', '-A INPUT -j DROP\r', /^Invalid target name `DROP\r'$/],
    ['a match without its protocol', '-A INPUT -m tcp --dport 5', /^tcp match: only valid for protocol tcp$/],
    [
      'a match with the protocol negated',
      '-A INPUT ! -p tcp --dport 5',
      /^tcp match: only valid for protocol tcp$/,
    ],
    ['a jump to a built-in chain', '-A INPUT -j OUTPUT', /jump to the chain "OUTPUT", that is built in/],
    [
      'a target in the wrong table',
      '-A OUTPUT -j MASQUERADE',
      /^MASQUERADE target: only valid in nat table, not filter$/,
    ],
  ];

  for (const [what, line, message, column, word] of cases) {
    it(`${what}: ${line.replace('\0', '\\0').replace('\r', '\\r')}`, () => {
      const error = inFilter(line);
      assert.match(error.message, message);
      assert.equal(error.place.file, 'test.rules');
      assert.equal(error.place.line, 2);
      if (column !== undefined) assert.equal(error.place.column, column);
      if (word !== undefined) assert.equal(error.word, word);
    });
  }

  it('a file without COMMIT', () => {
    const error = refusal(['*filter', '-A INPUT']);
    assert.equal(error.message, 'COMMIT expected at line 3');
  });

  it('lines outside of a table, and tables that do not exist', () => {
    assert.equal(refusal(['-A INPUT']).place.line, 1);
    assert.equal(refusal(['*foo', 'COMMIT']).message, "unable to initialize table 'foo'");
    assert.equal(refusal(['*__proto__', 'COMMIT']).message, "unable to initialize table '__proto__'");
  });

  it('a loop of chains that a packet can come to, named, at the rule that closes it', () => {
    const chains = ['*filter', ':A -', ':B -', ':C -', '-A A -j B', '-A B -j C', '-A C -j A'];
    const error = refusal([...chains, '-A INPUT -j A', 'COMMIT']);
    assert.equal(error.message, 'loop of chains: A -> B -> C -> A');
    assert.equal(error.code, 'RULE_REFUSED');
    assert.equal(error.place.line, 7);
    assert.ok(restore([...chains, 'COMMIT']), 'nobody gets there');
    assert.ok(
      restore([...chains, '-A INPUT -j DROP', '-A INPUT -j A', 'COMMIT']),
      'nobody gets there either',
    );
  });

  it('a target at a hook it is not made for, when the chain can be reached from there', () => {
    const nat = ['*nat', ':own -', '-A own -j MASQUERADE'];
    assert.ok(restore([...nat, '-A POSTROUTING -j own', 'COMMIT']));
    const error = refusal([...nat, '-A PREROUTING -j own', 'COMMIT']);
    assert.match(
      error.message,
      /^MASQUERADE target: used from hooks PREROUTING, but only usable from POSTROUTING$/,
    );
    assert.equal(error.place.line, 3);
  });

  it('DROP in the nat table, as rule and as policy', () => {
    assert.match(refusal(['*nat', '-A PREROUTING -j DROP', 'COMMIT']).message, /not intended for filtering/);
    assert.match(refusal(['*nat', ':PREROUTING DROP', 'COMMIT']).message, /not intended for filtering/);
  });

  it('-f and IPv4 addresses for IPv6', () => {
    assert.match(
      refusal(['*filter', '-A INPUT -f', 'COMMIT'], { family: 6 }).message,
      /not supported in IPv6/,
    );
    assert.match(refusal(['*filter', '-A INPUT -s 1.2.3.4', 'COMMIT'], { family: 6 }).message, /not found/);
  });

  it('deep nests of chains without running out of stack', () => {
    const lines = ['*filter'];
    for (let i = 0; i < 20_000; i++) lines.push(`:c${i} -`);
    for (let i = 1; i < 20_000; i++) lines.push(`-A c${i - 1} -j c${i}`);
    lines.push('-A INPUT -j c0', '-A c19999 -j c0', 'COMMIT');
    assert.match(refusal(lines).message, /^loop of chains: c0 -> c1 -> c2 -> c3 -> … ->/);
  });

  it('any text at all with a RuleError or not at all', () => {
    const words = [
      '*filter',
      'COMMIT',
      ':INPUT',
      '-A',
      'INPUT',
      '-j',
      'ACCEPT',
      '!',
      '-s',
      '1.2.3.4',
      '-m',
      'tcp',
      '--dport',
      '"',
      '[1:2]',
      '-p',
      '\n',
      '-f',
      '--',
      '-',
      '=',
      '-c',
      '-I',
      '-N',
      '-X',
      '-E',
      '-Z',
      '-P',
      'x',
    ];
    const text = fc
      .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 })))
      .map((all) => `*filter\n${all.join(' ')}\nCOMMIT\n`);
    fc.assert(
      fc.property(text, (rules) => {
        try {
          parseRestore(rules, { family: 4 });
        } catch (error) {
          assert.ok(error instanceof RuleError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
