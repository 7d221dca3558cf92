/**
 * Random rules over every registered extension, derived from the declarations: for each option the words of a pool are
 * tried, and those which its value type takes are used. A new extension is covered without a change here, unless its
 * values look like nothing in the pool; then the tests say so and the pool wants a word more.
 */
import fc from 'fast-check';
import { TABLES, type Family, type TableName } from '../../../src/netfilter/hook.ts';
import type { MatchExtension, OptionSpec, TargetExtension } from '../../../src/netfilter/extension.ts';
import { makeRuleset, runCommand } from '../../../src/netfilter/syntax/index.ts';

const POOL = [
  '0 1 2 3 5 7 10 15 40 48 63 64 80 100 255 1000 1500 4096 65535 0x1 0x10 0x1f 0xff 0x00ff00ff 4294967295',
  '1:2 10:20 0:65535 80:90 :7 9: 1/0xff 0x10/0x3f 0x1/0x1 5/min 10/sec 3/hour 7/day 1000/second',
  '1.2.3.4 10.0.0.1 10.0.0.0/8 192.168.1.0/24 1.2.3.4-1.2.3.9 1.2.3.4:80 1.2.3.4:80-90 1.2.3.0/255.255.0.255',
  'fd00::1 fd00::/64 fd00::1-fd00::9 [fd00::1]:80 [fd00::1-fd00::9]:80-90 ::ffff:1.2.3.4 2001:db8::/32',
  '02:00:00:00:00:01 a foo foo-bar eth0 eth+ ssh http 80,90 80,90:100,ssh 1,2 22,80,443 00:0a:0b:0C:0d:0e',
  'NEW NEW,ESTABLISHED RELATED ESTABLISHED,UNTRACKED INVALID SNAT DNAT ASSURED CONFIRMED NONE SEEN_REPLY',
  'ORIGINAL REPLY original reply both packets bytes avgpkt src dst LOCAL UNICAST,LOCAL BROADCAST unicast broadcast multicast',
  'echo-request 3/1 any 8 destination-unreachable port-unreachable neighbour-solicitation random nth bm kmp',
  'EF AF11 CS3 BE Minimize-Delay debug warning icmp-port-unreachable icmp-host-prohibited tcp-reset icmp6-adm-prohibited',
  'REQUEST,DATA INVALID,SYNC 1:5,7 149:92,12 hop-by-hop,ah,50 ::1,fe80::2 4,48|0|0|9,21|0|1|6,6|0|0|1,6|0|0|0 / root',
  '512kb/s 10mb/s 1000b/s 20kb 1mb srcip,dstport srcip,dstip,srcport 8bit 5kbit 1mbps 1,2,31 Mon,Tue,7 2001-02-03T04:05:06',
  'accept inf 250ms 500ms 2s 5s 0001:ffff 10:1 mss,wscale,8 src,dst ct src,sport,ct hoti:cot dead::/64 1c3::/48 01:AA:7B:47:F7:D7',
  'sourceip sourceip-sourceport system_u:object_r:firewalld_exec_t:s0 esp ah,esp ipcomp transport tunnel GATE IPIP',
  'ftp sip tftp tcp udp 6 new,related in out any 0:65535 0.5 0.25 12:34:56 |0d0a| 0=1 0>>22&0x3C@12>>26=0x1:0x3 6&0xFF=6,17',
]
  .join(' ')
  .split(' ')
  .map((word) => (/^\d+,\d+\|/.test(word) ? word.replaceAll('|', ' ') : word))
  .concat(['x'.repeat(70), 'hello world', "it's", 'a "quoted" \\ word', 'x|00 ff|y']);

const PAIRS: readonly (readonly string[])[] = [
  ['SYN,RST', 'SYN'],
  ['ALL', 'NONE'],
  ['FIN,ACK', 'ACK'],
  ['all', 'DATA,INIT_ACK'],
  ['any', 'DATA:Be,ABORT:t'],
  ['only', 'SACK'],
];

const takenWords = new Map<string, readonly (readonly string[])[]>();

/** The words of the pool that an option takes. */
function samples(
  extension: MatchExtension | TargetExtension,
  property: string,
  family: Family,
  protocol: number | null,
): readonly (readonly string[])[] {
  const key = `${extension.kind} ${extension.name} ${property} ${family} ${protocol ?? ''}`;
  const known = takenWords.get(key);
  if (known !== undefined) return known;
  const spec = extension.options[property]!;
  const count = spec.value.words ?? 1;
  // A label such as `bm|kmp` names the words itself.
  const named = spec.value.label.includes('|') ? spec.value.label.split('|').map((word) => [word]) : [];
  const candidates =
    spec.value.mayTake === 1
      ? [[], ...POOL.map((word) => [word])]
      : count === 0
        ? [[]]
        : count === 1
          ? [...named, ...POOL.map((word) => [word])]
          : PAIRS;
  const use = { family, protocol, extension: extension.name, option: spec.name ?? property };
  const taken = candidates.filter((words) => {
    // iptables prints names without quotes, so that one with a blank in it can't be read back there either.
    if (['name', 'name[+]', 'context'].includes(spec.value.label) && /[ "]/.test(words[0] ?? ''))
      return false;
    try {
      spec.value.parse(words, use);
      return true;
    } catch {
      return false;
    }
  });
  const best = taken.filter((words) => named.some((name) => name[0] === words[0]));
  const chosen = best.length > 1 ? best : taken;
  takenWords.set(key, chosen);
  return chosen;
}

function optionWords(
  extension: MatchExtension | TargetExtension,
  family: Family,
  protocol: number | null,
): fc.Arbitrary<string[]> {
  const given = Object.entries(extension.options)
    .filter(([, spec]) => spec.families === undefined || spec.families.includes(family))
    .map(([property, spec]) => oneOption(extension, property, spec, family, protocol));
  return fc.tuple(...given).map((all) => all.flat());
}

function oneOption(
  extension: MatchExtension | TargetExtension,
  property: string,
  spec: OptionSpec,
  family: Family,
  protocol: number | null,
): fc.Arbitrary<string[]> {
  const words = samples(extension, property, family, protocol);
  if (words.length === 0) return fc.constant([]);
  const likely = spec.required === true || Object.keys(extension.options).length === 1 ? 9 : 4;
  return fc
    .tuple(
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(...words),
      fc.boolean(),
      fc.constantFrom(spec.name ?? property, ...(spec.aliases ?? [])),
    )
    .map(([draw, values, not, name]) =>
      draw >= likely ? [] : [...(spec.negate === true && not ? ['!'] : []), `--${name}`, ...values],
    );
}

export interface RandomRule {
  readonly family: Family;
  readonly table: TableName;
  /** The command's words from `-A` on. */
  readonly words: readonly string[];
}

const ADDRESSES = {
  4: ['1.2.3.4', '10.0.0.0/8', '192.168.0.0/255.255.0.255', '0.0.0.0/0', '10.9.8.7/24'],
  6: ['fd00::1', '2001:db8::/32', '::/0', 'fe80::/ffff::ff', '::1', '::10.0.0.1'],
} as const;
const IN_CHAINS = ['PREROUTING', 'INPUT', 'FORWARD'];
const OUT_CHAINS = ['FORWARD', 'OUTPUT', 'POSTROUTING'];
const HOOK_ORDER = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/** A rule with this extension in it, in a place where it may stand. Not every one is accepted: see `accepted`. */
export function ruleWith(
  extension: MatchExtension | TargetExtension,
  family: Family,
): fc.Arbitrary<RandomRule> {
  const tables = extension.tables ?? (['filter', 'mangle', 'raw', 'nat', 'security'] as const);
  return fc
    .record({
      table: fc.constantFrom(...tables),
      protocol: protocolFor(extension),
      hook: fc.nat(),
      plain: plainWords(family),
    })
    .chain(({ table, protocol, hook, plain }) => {
      const hooks = TABLES[table].hooks
        .map((on) => on.hook)
        .filter((on) => extension.hooks?.includes(on) ?? true);
      const chain = HOOK_ORDER[hooks[hook % Math.max(1, hooks.length)] ?? 0]!;
      return optionWords(extension, family, protocol).map((options) => ({
        family,
        table,
        words: [
          ...['-A', chain],
          ...plain(chain),
          ...(protocol === null ? [] : ['-p', String(protocol)]),
          // TCPMSS wants a test for SYN beside it.
          ...(protocol === 6 && extension.kind === 'target' && hook % 2 === 0
            ? ['--tcp-flags', 'SYN,RST', 'SYN']
            : []),
          ...[extension.kind === 'match' ? '-m' : '-j', extension.name],
          ...options,
        ],
      }));
    });
}

function protocolFor(extension: MatchExtension | TargetExtension): fc.Arbitrary<number | null> {
  if (extension.protocols !== undefined) return fc.constantFrom(...extension.protocols);
  return fc.constantFrom(null, 6, 17);
}

/** Addresses and interfaces, as far as they fit the chain. */
function plainWords(family: Family): fc.Arbitrary<(chain: string) => string[]> {
  const address = fc.constantFrom(...ADDRESSES[family]);
  const name = fc.constantFrom('eth0', 'eth+', '+', 'lo', 'a.b:c', 'wlan-0');
  const maybe = <T>(value: fc.Arbitrary<T>) =>
    fc.option(fc.tuple(fc.boolean(), value), { freq: 2, nil: null });
  return fc.tuple(maybe(address), maybe(address), maybe(name), maybe(name)).map((given) => (chain) => {
    const letters = ['-s', '-d', '-i', '-o'];
    return given.flatMap((value, i) => {
      if (value === null) return [];
      if (i === 2 && !IN_CHAINS.includes(chain)) return [];
      if (i === 3 && !OUT_CHAINS.includes(chain)) return [];
      return [...(value[0] ? ['!'] : []), letters[i]!, value[1]];
    });
  });
}

/** True when Sluice takes the rule. */
export function accepted(rule: RandomRule): boolean {
  try {
    runCommand(['-t', rule.table, ...rule.words], { ruleset: makeRuleset(rule.family) });
    return true;
  } catch (error) {
    if ((error as Error).name !== 'RuleError') throw error;
    return false;
  }
}

/** The words as a line of a rules file. */
export function asLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[^\s"]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`))
    .join(' ');
}
