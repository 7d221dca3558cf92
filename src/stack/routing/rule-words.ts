/** The words of `ip rule add`, as far as rules here can look at what they say; the rest is refused by name. */
import type { Family } from '../../netfilter/hook.ts';
import { networkOf, type IpPrefix } from '../address.ts';
import { RouteOrigin, TABLE_MAIN } from './route.ts';
import { plainRule, RuleAction, type Range, type Rule } from './rules.ts';
import { ORIGIN_NAMES, parseIn, parseNumber, parseTable, WordsMistake, wrong, type Words } from './words.ts';

const UINT32_MAX = 0xffffffff;
const MAX_PORT = 65535;
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, 'ipv6-icmp': 58, sctp: 132 };
/** Names of dscp values (/etc/iproute2/rt_dsfield) are not read. */
const MAX_TOS = 255;

const REFUSED = ['l3mdev', 'nat', 'map-to', 'realms', 'uidrange', 'tun_id', 'suppress_ifgroup', 'dscp'];

/** @param family - 0: what the addresses say, else IPv4 */
export function readRuleWords(words: Words, family: Family | 0): Rule {
  let known = family;
  const prefix = (): IpPrefix | undefined => {
    const read = words.prefix(known);
    if (read.length === 0) return undefined;
    known = read.family;
    return { ...read, words: networkOf(read.words, read.length) };
  };
  let rule: Rule = {
    ...plainRule(4, 0, TABLE_MAIN),
    priority: undefined,
    origin: RouteOrigin.BOOT,
  };
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'not':
        rule = { ...rule, not: true };
        break;
      case 'from':
        rule = { ...rule, from: prefix() };
        break;
      case 'to':
        rule = { ...rule, to: prefix() };
        break;
      case 'iif':
      case 'dev':
        rule = { ...rule, iif: words.next() };
        break;
      case 'oif':
        rule = { ...rule, oif: words.next() };
        break;
      case 'fwmark':
        rule = { ...rule, ...readMark(words.next()) };
        break;
      case 'tos':
      case 'dsfield':
        rule = { ...rule, tos: words.number('TOS', MAX_TOS) };
        break;
      case 'ipproto': {
        const text = words.next();
        rule = {
          ...rule,
          protocol: PROTOCOLS[text] ?? parseNumber(text) ?? wrong(text, 'Invalid "ipproto" value'),
        };
        break;
      }
      case 'sport':
        rule = { ...rule, sourcePorts: readRange(words.next()) };
        break;
      case 'dport':
        rule = { ...rule, destinationPorts: readRange(words.next()) };
        break;
      case 'pref':
      case 'priority':
      case 'preference':
      case 'order':
        rule = { ...rule, priority: words.number('preference', UINT32_MAX) };
        break;
      case 'table':
      case 'lookup':
        rule = { ...rule, action: RuleAction.TABLE, table: parseTable(words.next()) };
        break;
      case 'suppress_prefixlength':
      case 'sup_pl':
        rule = { ...rule, suppressLength: words.number('suppress_prefixlength', 128) };
        break;
      case 'protocol':
      case 'proto':
        rule = { ...rule, origin: parseIn(ORIGIN_NAMES, words.next(), '"protocol"') };
        break;
      case 'goto':
        rule = { ...rule, action: RuleAction.GOTO, table: 0, target: words.number('target', UINT32_MAX) };
        break;
      default:
        if (REFUSED.includes(word)) throw new WordsMistake(`Error: rules here have no "${word}".`, 1);
        rule = { ...rule, action: actionNamed(word === 'type' ? words.next() : word), table: 0 };
    }
  }
  return { ...rule, family: known === 6 ? 6 : 4 };
}

function actionNamed(name: string): RuleAction {
  const actions: Readonly<Record<string, RuleAction>> = {
    nop: RuleAction.NOP,
    blackhole: RuleAction.BLACKHOLE,
    unreachable: RuleAction.UNREACHABLE,
    prohibit: RuleAction.PROHIBIT,
  };
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined)
    throw new WordsMistake(`Error: argument "${name}" is wrong: Failed to parse rule type\n`);
  return action;
}

/** `VALUE[/MASK]`. */
function readMark(text: string): Pick<Rule, 'mark' | 'markMask'> {
  const [value, mask] = text.split('/').map(parseNumber);
  if (value === undefined || value > UINT32_MAX || (text.includes('/') && mask === undefined)) {
    return wrong(text, 'fwmark value is invalid');
  }
  return { mark: value | 0, markMask: mask === undefined ? -1 : mask | 0 };
}

/** `PORT` or `FIRST-LAST`. */
function readRange(text: string): Range {
  const [first, last = first] = text.split('-').map(parseNumber);
  if (first === undefined || last === undefined || first > last || last > MAX_PORT) {
    return wrong(text, 'invalid port range');
  }
  return { first, last };
}
