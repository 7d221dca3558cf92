import assert from 'node:assert/strict';
import type { Family } from '../../../src/netfilter/hook.ts';
import {
  makeRuleset,
  parseCommand,
  printRules,
  RuleError,
  runCommand,
} from '../../../src/netfilter/syntax/index.ts';

/** Runs commands on a fresh ruleset, one a line, and returns what each was refused with (`ok` when it was not). */
function session(commands: readonly string[], family: Family = 4) {
  const ruleset = makeRuleset(family);
  const answers = commands.map((line) => {
    try {
      runCommand(line.split(' '), { ruleset });
      return 'ok';
    } catch (error) {
      assert.ok(error instanceof RuleError, String(error));
      return `${error.code} ${error.message}`;
    }
  });
  const table = ruleset.tables.get('filter');
  return { answers, rules: table === undefined ? '' : printRules(table) };
}

describe('iptables commands', () => {
  it('make, fill, refuse to delete, rename and delete chains', () => {
    const { answers } = session([
      '-N foo',
      '-N foo',
      '-A foo -j ACCEPT',
      '-X foo',
      '-A INPUT -j foo',
      '-F foo',
      '-X foo',
      '-X nope',
      '-E foo bar',
      '-N b2',
      '-E bar b2',
      '-E INPUT x',
      '-C INPUT -j bar',
      '-C INPUT -j ACCEPT',
      '-A bar -j bar',
      '-D INPUT -j bar',
      '-X',
    ]);
    assert.deepEqual(answers, [
      'ok',
      'RULE_CHAIN Chain already exists.',
      'ok',
      'RULE_CHAIN Directory not empty.',
      'ok',
      'ok',
      'RULE_CHAIN Too many links.',
      'RULE_CHAIN No chain/target/match by that name.',
      'ok',
      'ok',
      'RULE_CHAIN File exists.',
      'RULE_CHAIN No chain/target/match by that name.',
      'ok',
      'RULE_CHAIN Bad rule (does a matching rule exist in that chain?).',
      'RULE_REFUSED loop of chains: bar -> bar',
      'ok',
      'ok',
    ]);
  });

  it('insert, replace and delete by number and by rule', () => {
    const { answers, rules } = session([
      '-A INPUT -s 1.1.1.1',
      '-I INPUT -s 2.2.2.2,3.3.3.3',
      '-I INPUT 4 -s 4.4.4.4',
      '-I INPUT 9 -j DROP',
      '-R INPUT 1 -s 5.5.5.5 -j DROP',
      '-R INPUT 9 -j DROP',
      '-R INPUT 1 -s 1.1.1.1,2.2.2.2',
      '-D INPUT 2',
      '-D INPUT 9',
      '-D INPUT -s 1.1.1.1/32',
      '-P FORWARD DROP',
      '-P foo DROP',
      '-P FORWARD QUEUE',
    ]);
    assert.deepEqual(
      answers.filter((answer) => answer !== 'ok'),
      [
        'RULE_CHAIN Index of insertion too big.',
        'RULE_CHAIN Index of replacement too big.',
        'RULE_SYNTAX Replacement rule does not specify a unique address',
        'RULE_CHAIN Index of deletion too big.',
        'RULE_CHAIN Bad built-in chain name.',
        "RULE_CHAIN Bad policy name. Run `dmesg' for more information.",
      ],
    );
    assert.equal(
      rules,
      '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-A INPUT -s 5.5.5.5/32 -j DROP\n-A INPUT -s 4.4.4.4/32\n',
    );
  });

  it('that are refused change nothing', () => {
    const ruleset = makeRuleset(4);
    runCommand(['-A', 'INPUT', '-j', 'ACCEPT'], { ruleset });
    const before = printRules(ruleset.tables.get('filter')!);
    assert.throws(() => runCommand(['-A', 'OUTPUT', '-j', 'MASQUERADE'], { ruleset }), RuleError);
    assert.equal(printRules(ruleset.tables.get('filter')!), before);
  });

  it('say at which argument they went wrong', () => {
    const ruleset = makeRuleset(4);
    const error = (() => {
      try {
        runCommand(['-A', 'INPUT', '-p', 'tcp', '--dport', 'nope'], { ruleset });
      } catch (caught) {
        return caught as RuleError;
      }
      return null;
    })();
    assert.equal(error?.word, 'nope');
    assert.equal(error.place.column, 6);
  });

  it('carry how they are to be shown', () => {
    const { command, table } = parseCommand(['-t', 'nat', '-nvvL', 'PREROUTING', '3', '--line-numbers'], {
      ruleset: makeRuleset(4),
    });
    assert.equal(table, 'nat');
    assert.equal(command.action, 'list');
    assert.equal(command.chain, 'PREROUTING');
    assert.equal(command.number, 3);
    assert.deepEqual([...command.shown.keys()], ['numeric', 'verbose', 'line-numbers']);
    assert.equal(command.shown.get('verbose')?.times, 2);
  });

  it('refuse options that the command has no use for', () => {
    const { answers } = session([
      '-N x -s 1.2.3.4',
      '-n -A INPUT -j DROP',
      '-A INPUT -L',
      '-j DROP',
      '-A',
      '-P INPUT',
    ]);
    assert.deepEqual(answers, [
      "RULE_SYNTAX Illegal option `-s' with this command",
      "RULE_SYNTAX Illegal option `-n' with this command",
      'RULE_SYNTAX Cannot use -L with -A',
      'RULE_SYNTAX no command specified',
      'RULE_SYNTAX option "-A" requires an argument',
      'RULE_SYNTAX -P requires a chain and a policy',
    ]);
  });

  it('know IPv6', () => {
    const { answers, rules } = session(
      ['-A INPUT -p icmpv6 --icmpv6-type 128 -s fd00::1/64', '-A INPUT -f'],
      6,
    );
    assert.deepEqual(answers, ['ok', "RULE_SYNTAX `-f' is not supported in IPv6, use -m frag instead"]);
    assert.match(rules, /-A INPUT -s fd00::\/64 -p ipv6-icmp -m icmp6 --icmpv6-type 128\n/);
  });
});
