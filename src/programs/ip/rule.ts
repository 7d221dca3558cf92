/** `ip rule`: the rules that say which routing table is asked. */
import { addressBits, type IpPrefix } from '../../stack/address.ts';
import { RouteOrigin } from '../../stack/routing/route.ts';
import { readRuleWords } from '../../stack/routing/rule-words.ts';
import { RuleAction, type Range, type Rule } from '../../stack/routing/rules.ts';
import { nameIn, ORIGIN_NAMES, tableName, Words, WordsMistake } from '../../stack/routing/words.ts';
import { takeVerb, unknownCommand, type IpCommand } from './options.ts';
import { wordsText } from './route-text.ts';

const VERBS = ['show', 'lst', 'list', 'add', 'delete', 'flush'];
const ACTION_WORDS = ['table', 'lookup', 'goto', 'blackhole', 'unreachable', 'prohibit', 'nop', 'type'];
const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'ipv6-icmp' };

export function ipRule(command: IpCommand, words: Words): void {
  const word = words.peek;
  const verb = words.isEmpty ? 'show' : takeVerb(words, VERBS);
  const { family } = command;
  const tables = family === 6 ? command.host.routes6 : command.host.routes4;
  switch (verb) {
    case 'show':
    case 'lst':
    case 'list':
      for (const rule of tables.rules()) command.print([ruleText(rule, tables.rules())]);
      return;
    case 'add':
      return command.host.netlink.routes.addRule(readRuleWords(words, command.options.family));
    case 'delete': {
      if (words.isEmpty) throw new WordsMistake('"ip rule del" requires arguments.', 255);
      const rest = words.rest();
      const rule = readRuleWords(new Words(rest), command.options.family);
      return command.host.netlink.routes.removeRule(
        rule,
        rest.some((one) => ACTION_WORDS.includes(one)),
      );
    }
    case 'flush':
      for (const rule of tables.rules()) if (rule.priority !== 0) tables.removeRule(rule);
      return;
    default:
      return unknownCommand(word, 'rule');
  }
}

function ruleText(rule: Rule, all: readonly Rule[]): string {
  const parts = [
    ...(rule.not ? ['not'] : []),
    `from ${rule.from === undefined ? 'all' : prefixText(rule.from)}`,
    ...(rule.to === undefined ? [] : [`to ${prefixText(rule.to)}`]),
    ...(rule.tos === 0 ? [] : [`tos 0x${rule.tos.toString(16).padStart(2, '0')}`]),
    ...(rule.markMask === 0 ? [] : [`fwmark ${markText(rule)}`]),
    ...(rule.iif === undefined ? [] : [`iif ${rule.iif}`]),
    ...(rule.oif === undefined ? [] : [`oif ${rule.oif}`]),
    ...(rule.protocol === 0
      ? []
      : [`ipproto ${PROTOCOL_NAMES[rule.protocol] ?? `ipproto-${rule.protocol}`}`]),
    ...(rule.sourcePorts === undefined ? [] : [`sport ${rangeText(rule.sourcePorts)}`]),
    ...(rule.destinationPorts === undefined ? [] : [`dport ${rangeText(rule.destinationPorts)}`]),
    actionText(rule, all),
    ...(rule.origin === RouteOrigin.KERNEL || rule.origin === RouteOrigin.BOOT
      ? []
      : [`proto ${nameIn(ORIGIN_NAMES, rule.origin)}`]),
  ];
  return `${rule.priority}:\t${parts.join(' ')}`;
}

function actionText(rule: Rule, all: readonly Rule[]): string {
  switch (rule.action) {
    case RuleAction.GOTO: {
      const isThere = all.some(({ priority }) => priority === rule.target);
      return `goto ${rule.target}${isThere ? '' : ' [unresolved]'}`;
    }
    case RuleAction.NOP:
      return 'nop';
    case RuleAction.BLACKHOLE:
      return 'blackhole';
    case RuleAction.UNREACHABLE:
      return 'unreachable';
    case RuleAction.PROHIBIT:
      return 'prohibit';
    default:
      return `lookup ${tableName(rule.table)}${
        rule.suppressLength < 0 ? '' : ` suppress_prefixlength ${rule.suppressLength}`
      }`;
  }
}

function prefixText({ family, words, length }: IpPrefix): string {
  const text = wordsText(family, words);
  return length === addressBits(family) ? text : `${text}/${length}`;
}

function markText({ mark, markMask }: Rule): string {
  const hex = (value: number) => `0x${(value >>> 0).toString(16)}`;
  return markMask === -1 ? hex(mark) : `${hex(mark)}/${hex(markMask)}`;
}

function rangeText({ first, last }: Range): string {
  return first === last ? String(first) : `${first}-${last}`;
}
