/** `sluice conform`, declared. The work is in conform-run.ts. */
import { defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';
import { INPUT_WORD } from './input-words.ts';
import { GATEWAY, RULE_FILES } from './rule-files.ts';

const INPUT = 'Input';
const RANDOM = 'At random';
const KERNEL = 'Answers of the kernel';
const REPORT = 'Report';
const MAX_SEED = 2 ** 32 - 1;
const MAX_CASES = 1e9;

const OPTIONS = {
  in: {
    kind: 'list',
    value: 'IFACE=CAPTURE',
    more: INPUT_WORD,
    section: INPUT,
    about:
      'The frames of the capture arrive on this interface. May be given several times; captures are merged by ' +
      'time stamp, ties in the order given.',
  },
  inside: {
    kind: 'list',
    value: 'CIDR',
    more: /^(?=.*[.:])[\da-f.:]+(\/\d+)?$/i,
    section: INPUT,
    about: 'Addresses that are inside, of a capture that holds both directions. May be given several times.',
  },
  ...RULE_FILES,
  gateway: {
    kind: 'text',
    value: 'FILE',
    section: GATEWAY,
    about:
      'Interfaces, neighbours, routes and sysctls of the gateway, in YAML or JSON. Default, for captures of both ' +
      'sides: one that stands between them, with the names of interfaces that the rules use.',
  },
  random: {
    kind: 'flag',
    section: RANDOM,
    about:
      'Makes up rules that are aimed at the captures, and changes some of their frames. Without captures, takes ' +
      'those that come with Sluice.',
  },
  seed: {
    kind: 'number',
    value: 'N',
    min: 0,
    max: MAX_SEED,
    section: RANDOM,
    about: 'Seed of the first case; the next has the next. The same seed makes the same case. Default: 1.',
  },
  cases: {
    kind: 'number',
    value: 'N',
    min: 1,
    max: MAX_CASES,
    section: RANDOM,
    about: 'How many cases, the captures by turns. Default: 100, with --for as many as it takes.',
  },
  packets: {
    kind: 'number',
    value: 'N',
    min: 1,
    max: 1_000_000,
    section: RANDOM,
    about:
      'How many frames of a capture go into a case at most; changing them makes it a few more. Default: 100.',
  },
  for: {
    kind: 'text',
    value: 'DURATION',
    section: RANDOM,
    about: 'Begins no further case after this time: 30s, 10m, 2h.',
  },
  keep: {
    kind: 'text',
    value: 'FOLDER',
    section: RANDOM,
    about: 'Keeps what differs there, shrunk, each as a case with the kernel’s answer recorded.',
  },
  shrink: {
    kind: 'flag',
    negatable: true,
    section: RANDOM,
    about: 'Makes what differs smaller, to the fewest rules and frames. Default: with --random.',
  },
  ask: {
    kind: 'flag',
    section: KERNEL,
    about: 'Only asks the kernel, and prints its answer as replay --json prints Sluice’s.',
  },
  record: {
    kind: 'flag',
    section: KERNEL,
    about: 'Writes the kernel’s answers into the folders of the cases, in place of what was recorded there.',
  },
  jobs: {
    kind: 'number',
    short: 'j',
    value: 'N',
    min: 1,
    max: 64,
    section: REPORT,
    about: 'Cases at once. Default: as many as there are processors, eight at most.',
  },
  json: {
    kind: 'flag',
    section: REPORT,
    about: 'One JSON object a line: every case, then a summary.',
  },
  progress: {
    kind: 'flag',
    negatable: true,
    section: REPORT,
    about: 'Shows on standard error how far it is. Default: when that is a terminal and it takes long.',
  },
} as const satisfies OptionSpecs;

export type ConformOptions = OptionValues<typeof OPTIONS>;

export const conform = defineCommand({
  name: 'conform',
  summary: 'Puts the same rules and frames to the Linux kernel and compares every answer.',
  about: [
    'Makes a gateway of the running kernel in network namespaces of its own, loads the rules into it, pushes the ' +
      'frames in and collects what comes out; does the same with Sluice; and compares every frame that left, every ' +
      'counter, every connection and every line logged. Shows the first difference of each kind, packets decoded ' +
      'side by side, and the way of that packet through the rules of both.',
    'Needs Linux, root, and the programs of the Debian packages iptables, iproute2, ethtool, conntrack and python3. ' +
      'Traffic stays within the namespaces, which are taken down at the end, also when it is interrupted.',
    'What the kernel draws at random is not compared: the IP identification of its own ICMP messages, the flow label ' +
      'of its own ICMPv6 messages and resets, the identification of IPv6 fragments that it cut itself. A case counts as ' +
      'undecided when the kernel, asked twice, gives two answers, as where it draws a port because the one wanted is taken.',
    'A CASE is a folder with rules.v4 or rules.v6, gateway.yaml, and frames.yaml or in.IFACE.pcap, as --keep makes them.',
  ],
  arguments: [
    {
      name: 'CAPTURE|CASE',
      required: false,
      variadic: true,
      about: 'Captures that hold both directions (pcap, pcapng, gzip), or folders of cases.',
    },
  ],
  options: OPTIONS,
  examples: [
    {
      about: 'Does Sluice do with this traffic what the kernel does?',
      command:
        'sluice conform --in eth0=pcaps/nat-lan-in.pcap eth1=pcaps/nat-wan-in.pcap \\\n' +
        '  --rules examples/nat-gateway/firewall.rules --gateway examples/nat-gateway/gateway.yaml',
    },
    {
      about: 'A capture of both directions, with a gateway put between them:',
      command: 'sluice conform pcaps/http.pcap --rules examples/nat-gateway/firewall.rules',
    },
    {
      about: 'A thousand rulesets made up for the captures that come with Sluice:',
      command: 'sluice conform --random --cases 1000',
    },
    {
      about: 'The same for captures of one’s own over night, keeping what differs:',
      command: 'sluice conform --random captures/*.pcap --for 8h --seed 5000 --keep found',
    },
    { about: 'What was kept, once more:', command: 'sluice conform found/*' },
    {
      about: 'What does the kernel do?',
      command: 'sluice conform --ask --in eth0=in.pcap --rules r4 --gateway gw.yaml | jq .out',
    },
  ],
  exit: [
    { status: 0, about: 'no difference' },
    { status: 1, about: 'Sluice does otherwise than the kernel' },
    {
      status: 2,
      about: 'usage, input that cannot be read, or the kernel cannot be asked; nothing was left behind',
    },
  ],
  run: async (paths, options, io) => (await import('./conform-run.ts')).runConformCommand(paths, options, io),
});
