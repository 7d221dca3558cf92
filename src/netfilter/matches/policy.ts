/**
 * `-m policy`: the IPsec policy that a packet was decapsulated by or will be encapsulated by. Linux: xt_policy. The
 * simulated host has no IPsec, so every packet has the policy `none`.
 */
import {
  defineMatch,
  type Given,
  type Info,
  type MatchTest,
  type RuleUse,
  type ValueType,
} from '../extension.ts';
import { Hook, type Family } from '../hook.ts';
import { ValueError } from '../syntax/value-error.ts';
import {
  flag,
  formatProtocol,
  hex,
  oneOf,
  parseProtocol,
  uint,
  wholeAddress,
} from '../syntax/values/index.ts';
import { IPPROTO_AH, IPPROTO_ESP } from '../../wire/ip-protocol.ts';

const IPPROTO_COMP = 108;
const MOST_ELEMENTS = 4;

class PolicyTest implements MatchTest {
  private readonly answer: boolean;

  constructor(policy: string) {
    this.answer = policy === 'none';
  }

  test(): boolean {
    return this.answer;
  }
}

const u32 = uint(0, 0xffff_ffff);

const transformation: ValueType<number> = {
  label: 'ah|esp|ipcomp',
  parse(words) {
    const number = parseProtocol(words[0]!);
    if (![IPPROTO_AH, IPPROTO_ESP, IPPROTO_COMP].includes(number))
      throw new ValueError('policy match: protocol must be ah/esp/ipcomp');
    return number;
  },
  print: formatProtocol,
};

/** What can be said of one transformation, in the order of printing. */
const ELEMENT = {
  reqid: { value: u32, negate: true, about: 'the id of the request' },
  spi: { value: { ...u32, print: hex }, negate: true, about: 'the security parameters index' },
  proto: { value: transformation, negate: true, about: 'the protocol' },
  mode: {
    value: oneOf(['transport', 'tunnel'], { bad: (word) => `policy match: invalid mode "${word}"` }),
    negate: true,
    about: 'how packets are encapsulated',
  },
  'tunnel-dst': { value: wholeAddress, negate: true, about: 'where the tunnel ends' },
  'tunnel-src': { value: wholeAddress, negate: true, about: 'where the tunnel begins' },
} as const;

const options = {
  dir: {
    value: oneOf(['in', 'out'], { bad: (word) => `policy_match: invalid dir "${word}"` }),
    about: 'in: the policy of decapsulation; out: that of encapsulation',
  },
  pol: {
    value: oneOf(['none', 'ipsec'], { bad: (word) => `policy match: invalid policy "${word}"` }),
    about: 'whether there is one; ipsec unless given',
  },
  strict: { value: flag, about: 'the policy has just the transformations given, in this order' },
  ...ELEMENT,
  next: { value: flag, divides: true, about: 'what follows describes the next transformation' },
} as const;

type ElementName = keyof typeof ELEMENT;

/** What was said of one transformation. */
type Element = Readonly<Partial<Record<ElementName, Given<never>>>>;

function elementsOf(info: Info): Element[] {
  const elements: Element[] = [];
  for (let i = 0; i === 0 || info[`next:${i}`] !== undefined; i++) {
    const names = Object.keys(ELEMENT) as ElementName[];
    const said = names.flatMap((name) => {
      const given = info[i === 0 ? name : `${name}:${i}`];
      return given === undefined ? [] : [[name, given] as const];
    });
    elements.push(Object.fromEntries(said) as Element);
  }
  return elements;
}

function policyOf(info: Info): string {
  return (info['pol']?.value as string | undefined) ?? 'ipsec';
}

function check(info: Info, use: RuleUse): void {
  const direction = info['dir']?.value;
  if (direction === undefined) {
    throw new ValueError('policy match: neither --dir in nor --dir out specified');
  }
  checkElements(info, elementsOf(info));
  const wrong = direction === 'in' ? [Hook.POSTROUTING, Hook.OUTPUT] : [Hook.PREROUTING, Hook.INPUT];
  if (wrong.some((hook) => (use.hooks & (1 << hook)) !== 0))
    throw new ValueError('Invalid argument', 'REFUSED');
}

function checkElements(info: Info, elements: readonly Element[]): void {
  const isStrict = info['strict'] !== undefined;
  if (elements.length > MOST_ELEMENTS) throw new ValueError('policy match: maximum policy depth reached');
  if (elements.length > 1 && !isStrict) {
    throw new ValueError('policy: option "--next" also requires "--strict".\n');
  }
  if (policyOf(info) === 'none') {
    if (isStrict) throw new ValueError('policy match: policy none but --strict given');
    return;
  }
  elements.forEach((element, i) => {
    if (isStrict && Object.keys(element).length === 0) {
      throw new ValueError(
        `policy match: empty policy element ${i}. --strict is in effect, but at least one of reqid, spi, ` +
          'tunnel-src, tunnel-dst, proto or mode is required.',
      );
    }
    const mode = element.mode as Given<string> | undefined;
    const isTunnel = mode?.value === 'tunnel' && !mode.not;
    if ((element['tunnel-src'] ?? element['tunnel-dst']) !== undefined && !isTunnel) {
      throw new ValueError('policy match: --tunnel-src/--tunnel-dst is only valid in tunnel mode');
    }
  });
}

/** Names of options have dashes with -S; -L numbers the transformations where there are several. */
function words(info: Info, family: Family, dashes: string, numeric: boolean): string {
  const parts = [`${dashes}dir ${info['dir']!.value as string}`, `${dashes}pol ${policyOf(info)}`];
  if (info['strict'] !== undefined) parts.push(`${dashes}strict`);
  const elements = policyOf(info) === 'none' ? [] : elementsOf(info);
  elements.forEach((element, i) => {
    if (dashes === '' && elements.length > 1) parts.push(`[${i}]`);
    if (dashes !== '' && i > 0) parts.push('--next');
    for (const [name, given] of Object.entries(element)) {
      const text =
        name === 'proto' && numeric
          ? String(given.value)
          : ELEMENT[name as ElementName].value.print(given.value, family);
      parts.push(`${given.not ? '! ' : ''}${dashes}${name} ${text}`);
    }
  });
  return parts.join(' ');
}

export const policy = defineMatch({
  name: 'policy',
  about: 'the IPsec policy of the packet: none always',
  options,
  check,
  save: (info, family) => words(info, family, '--', false),
  list: (info, family, numeric) => `policy match ${words(info, family, '', numeric)}`,
  create: (info) => new PolicyTest(policyOf(info)),
});
