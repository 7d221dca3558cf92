/**
 * The generator of rulesets held against the registry of the engine: every match, every target, every option, with and
 * without `!`, in both families, comes up among a number of seeds, but for what is listed here with its reason.
 */
import assert from 'node:assert/strict';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { MATCHES } from '../../src/netfilter/matches/index.ts';
import { TARGETS } from '../../src/netfilter/targets/index.ts';
import { Chance } from '../../src/conform/random/chance.ts';
import { factsOf } from '../../src/conform/random/facts.ts';
import { openSource } from '../../src/conform/random/random-case.ts';
import { ownCaptures } from '../../src/conform/random/index.ts';
import { withNamedObjects } from '../../src/conform/random/named-objects.ts';
import { randomRules } from '../../src/conform/random/rules.ts';
import { standardGateway } from '../../src/conform/standard-gateway.ts';
import { SeededRng, VirtualClock } from '../../src/index.ts';
import { makeNamedObjects } from '../../src/netfilter/named-objects.ts';
import { makeObjects } from '../../src/netfilter/object-settings.ts';

const SEEDS = 2000;

const PORT_DRAWN = 'the kernel draws a port';
const NO_MODULE = 'kernels are not built with it, or want a security module';
const BY_THE_CLOCK = "its answer depends on the kernel's clock";
const HANDSHAKES = 'its cookies are drawn; synproxy.test.ts answers them';
const NOT_GENERATED: Readonly<Record<string, string>> = {
  'DNAT --random': PORT_DRAWN,
  'REDIRECT --random': PORT_DRAWN,
  'MASQUERADE --random': PORT_DRAWN,
  'MASQUERADE --random-fully': PORT_DRAWN,
  'SNAT --random': PORT_DRAWN,
  'SNAT --random-fully': PORT_DRAWN,
  'bpf --object-pinned': 'names a program that bpf(2) has pinned beforehand',
  'osf --log': 'a log line of its own, which Sluice does not write',
  'CT --timeout': 'names a policy that nfct(8) has made beforehand, and iptables does not',
};

/** Extensions that are left out as a whole. */
const NO_EXTENSION: Readonly<Record<string, string>> = {
  CLUSTERIP: NO_MODULE,
  LED: NO_MODULE,
  SECMARK: NO_MODULE,
  ULOG: NO_MODULE,
  ipvs: NO_MODULE,
  rateest: BY_THE_CLOCK,
  SYNPROXY: HANDSHAKES,
};

interface Option {
  readonly label: string;
  readonly names: readonly string[];
}

/** Every option of every extension in one family, those that may be negated twice. */
function registry(family: 4 | 6): Option[] {
  return [...MATCHES, ...TARGETS].flatMap((extension) => {
    const { name, families, options } = extension;
    if (Object.hasOwn(NO_EXTENSION, name)) return [];
    if (families !== undefined && !families.includes(family)) return [];
    const own = Object.entries(options)
      .filter(([, option]) => option.families?.includes(family) ?? true)
      .flatMap(([key, option]) => {
        const names = [option.name ?? key, ...(option.aliases ?? [])].map((word) => `${name} --${word}`);
        const plain = { label: names[0]!, names };
        const negated = {
          label: `${names[0]!}, negated`,
          names: names.map((word) => word.replace(' ', ' ! ')),
        };
        return option.negate === true ? [plain, negated] : [plain];
      });
    return own.length === 0 ? [{ label: name, names: [name] }] : own;
  });
}

/** `length --length`, `length ! --length`: which options stand behind which extension in a ruleset's text. */
function collect(text: string, seen: Set<string>): void {
  for (const line of text.split('\n').filter((rule) => rule.startsWith('-A'))) {
    let extension = '';
    const words = line.replace(/"(\\.|[^"\\])*"/g, '""').split(' ');
    words.forEach((word, i) => {
      if (word === '-m' || word === '-j' || word === '-g') {
        extension = words[i + 1] ?? '';
        seen.add(extension);
      } else if (word.startsWith('--')) {
        seen.add(`${extension} ${words[i - 1] === '!' ? '! ' : ''}${word}`);
      }
    });
  }
}

describe('random rulesets', () => {
  const sources = ['http.pcap', 'dns.pcap', 'icmp.pcap', 'traceroute-ipv6.pcap', 'nat-lan-in.pcap'];
  const frames = ownCaptures()
    .filter((path) => sources.some((name) => path.endsWith(`/${name}`)))
    .flatMap((path) => openSource(path).frames);

  for (const family of [4, 6] as const) {
    const facts = factsOf(frames, family);
    const texts = Array.from({ length: SEEDS }, (_, seed) =>
      randomRules({ chance: new Chance(seed), facts, family, mayLog: seed % 2 === 0 }),
    );

    it(`IPv${family}: have every match and target with every option, but for those listed with a reason`, () => {
      const seen = new Set<string>();
      for (const text of texts) collect(text, seen);
      const all = registry(family);
      const missing = all
        .filter(({ names }) => !names.some((name) => seen.has(name)))
        .map(({ label }) => label);
      const listed = Object.keys(NOT_GENERATED).filter((label) =>
        all.some((option) => option.label === label),
      );
      assert.deepEqual(missing.sort(), listed.sort());
    });

    it(`IPv${family}: have every table, policies, user chains, jumps, gotos, returns and negated conditions`, () => {
      const all = texts.join('');
      for (const table of ['raw', 'mangle', 'nat', 'filter', 'security'])
        assert.ok(all.includes(`*${table}\n`), table);
      for (const part of [
        /^:FORWARD DROP/m,
        /^:user\d+ - /m,
        /-j user\d+$/m,
        /-g user\d+$/m,
        /^-A user\d+ .*-j user\d+$/m,
        /-j RETURN$/m,
        /^-A \w+$/m,
        / ! -s /,
        / ! -d /,
        / ! -i /,
        / ! -o /,
        / ! -p /,
      ]) {
        assert.ok(part.test(all), String(part));
      }
    });

    it(`IPv${family}: are taken by the parser, all of them, with the sets that they name`, () => {
      const both = { 4: factsOf(frames, 4), 6: factsOf(frames, 6) };
      const described = withNamedObjects(standardGateway([]), texts.join(''), new Chance(1), both);
      const objects = makeNamedObjects(new VirtualClock());
      makeObjects(described, undefined, objects, new SeededRng(0));
      texts.forEach((text, seed) => {
        assert.doesNotThrow(() => parseRestore(text, { family, objects, file: `seed ${seed}` }));
      });
    });
  }

  it('are the same for the same seed, and others for another', () => {
    const facts = factsOf(frames, 4);
    const make = (seed: number): string =>
      randomRules({ chance: new Chance(seed), facts, family: 4, mayLog: false });
    assert.equal(make(5), make(5));
    assert.notEqual(make(5), make(6));
  });
});
