/**
 * The options that iptables itself knows, before any extension is loaded: their letters, long names and operands.
 * Source: iptables(8). Parsing, help and completion read this table; grammar/iptables.ne says what may stand with what, by
 * the token types in the first column.
 */
import type { Family } from '../hook.ts';

export interface CommandOption {
  /** The token's type in grammar/iptables.ne. */
  readonly type: string;
  readonly letter: string | null;
  readonly names: readonly string[];
  /** Words that must follow. */
  readonly needs: number;
  /** Further words taken when they don't look like an option. */
  readonly takes: number;
  readonly families: readonly Family[];
  /** How help shows its operands. */
  readonly operands: string;
  readonly about: string;
}

const BOTH: readonly Family[] = [4, 6];

function option(
  type: string,
  letter: string | null,
  names: readonly string[],
  needs: number,
  takes: number,
  operands: string,
  about: string,
  families = BOTH,
): CommandOption {
  return { type, letter, names, needs, takes, families, operands, about };
}

export const COMMAND_OPTIONS: readonly CommandOption[] = [
  option('append', 'A', ['append'], 1, 0, 'chain', 'append a rule to the chain'),
  option('check', 'C', ['check'], 1, 0, 'chain', 'ask whether the rule exists'),
  option('delete', 'D', ['delete'], 1, 1, 'chain [rulenum]', 'delete the matching or numbered rule'),
  option(
    'insert',
    'I',
    ['insert'],
    1,
    1,
    'chain [rulenum]',
    'insert at the number (1, the head, unless given)',
  ),
  option('replace', 'R', ['replace'], 1, 1, 'chain rulenum', 'replace the numbered rule'),
  option('list', 'L', ['list'], 0, 2, '[chain [rulenum]]', 'list the rules of a chain or of all chains'),
  option('list_rules', 'S', ['list-rules'], 0, 2, '[chain [rulenum]]', 'print the rules as commands'),
  option('flush', 'F', ['flush'], 0, 1, '[chain]', 'delete all rules of the chain or of all chains'),
  option('zero', 'Z', ['zero'], 0, 2, '[chain [rulenum]]', 'zero the counters'),
  option('new_chain', 'N', ['new-chain'], 1, 0, 'chain', 'make a user chain'),
  option('delete_chain', 'X', ['delete-chain'], 0, 1, '[chain]', 'delete a user chain or all of them'),
  option('policy', 'P', ['policy'], 1, 1, 'chain target', 'set the policy of a built-in chain'),
  option('rename_chain', 'E', ['rename-chain'], 1, 1, 'old-chain new-chain', 'rename a user chain'),
  option('source', 's', ['source', 'src'], 1, 0, 'address[/mask][,...]', 'source address'),
  option('destination', 'd', ['destination', 'dst'], 1, 0, 'address[/mask][,...]', 'destination address'),
  option('protocol', 'p', ['protocol'], 1, 0, 'protocol', 'protocol by name or number, such as tcp'),
  option('in_interface', 'i', ['in-interface'], 1, 0, 'name[+]', 'the interface that the packet came in on'),
  option('out_interface', 'o', ['out-interface'], 1, 0, 'name[+]', 'the interface that the packet leaves on'),
  option('fragment', 'f', ['fragments'], 0, 0, '', 'second and further fragments only'),
  option('match', 'm', ['match'], 1, 0, 'match', 'an extended match'),
  option('jump', 'j', ['jump'], 1, 0, 'target', 'what becomes of the packet: a target or a user chain'),
  option('goto', 'g', ['goto'], 1, 0, 'chain', 'continue in the chain, without coming back'),
  option('set_counters', 'c', ['set-counters'], 1, 1, 'packets bytes', "the rule's counters"),
  option(
    'in_table',
    't',
    ['table'],
    1,
    0,
    'table',
    'the table that the command is for (filter unless given)',
  ),
  option('show', 'n', ['numeric'], 0, 0, '', 'numbers in place of names'),
  option('show', 'v', ['verbose'], 0, 0, '', 'show more'),
  option('show', 'x', ['exact'], 0, 0, '', 'exact counters'),
  option('show', null, ['line-numbers'], 0, 0, '', 'number the rules'),
  option('show', 'w', ['wait'], 0, 1, '[seconds]', 'wait for the lock; there is none here'),
  option(
    'show',
    'W',
    ['wait-interval'],
    1,
    0,
    'microseconds',
    'how often to try the lock; there is none here',
  ),
  option('show', '4', ['ipv4'], 0, 0, '', 'a line for IPv4 only'),
  option('show', '6', ['ipv6'], 0, 0, '', 'a line for IPv6 only'),
  option('show', null, ['modprobe'], 1, 0, 'command', 'taken and not used: there are no modules here'),
];

const BY_LETTER = new Map(COMMAND_OPTIONS.filter((o) => o.letter !== null).map((o) => [o.letter!, o]));

export function optionByLetter(letter: string): CommandOption | undefined {
  return BY_LETTER.get(letter);
}

/** How complaints name it: `-A`, or `--line-numbers` where there is no letter. */
export function optionName(option: CommandOption): string {
  return option.letter === null ? `--${option.names[0]!}` : `-${option.letter}`;
}
