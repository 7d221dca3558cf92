/** `sluice replay`, declared. The work is in replay-run.ts. */
import { defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';
import { QUESTION_OPTIONS } from './question.ts';

const ENGINE = 'Engine';
const REPORT = 'Report';
const HOLD = 'Afterwards';

const OPTIONS = {
  ...QUESTION_OPTIONS,
  engine: {
    kind: 'choice',
    choices: ['compiled', 'reference'],
    default: 'compiled',
    section: ENGINE,
    about: 'The fast engine, or the small interpreter that it is held against.',
  },
  json: {
    kind: 'flag',
    section: REPORT,
    about: 'One JSON object a line: every frame in order, then a summary. Includes traces unless --no-trace.',
  },
  trace: {
    kind: 'flag',
    negatable: true,
    section: REPORT,
    about: 'Shows every table, chain and rule that each packet passed, as the TRACE target does.',
  },
  onlyDropped: {
    kind: 'flag',
    section: REPORT,
    about: 'Shows only packets that were dropped. The summary counts all.',
  },
  summary: {
    kind: 'flag',
    section: REPORT,
    about: 'Shows only the summary, not the packets.',
  },
  quiet: {
    kind: 'flag',
    short: 'q',
    section: REPORT,
    about: 'Prints nothing on standard output: for -o, --syslog and the exit status.',
  },
  time: {
    kind: 'choice',
    choices: ['clock', 'date', 'relative', 'epoch'],
    default: 'clock',
    section: REPORT,
    about:
      'How times are shown: time of day or with the date (both UTC), seconds since the first packet or 1970.',
  },
  color: {
    kind: 'choice',
    choices: ['auto', 'always', 'never'],
    default: 'auto',
    section: REPORT,
    about: 'Colours; auto means on a terminal, unless NO_COLOR is set.',
  },
  width: {
    kind: 'number',
    value: 'COLUMNS',
    min: 40,
    max: 10_000,
    section: REPORT,
    about:
      'Fits the table to this width. Default: that of the terminal; elsewhere lines are as long as they are.',
  },
  output: {
    kind: 'text',
    short: 'o',
    value: 'FILE',
    section: REPORT,
    about:
      'Writes a pcapng capture of what every interface received and sent, with verdicts and reasons, for ' +
      'Wireshark. "-" is standard output, and nothing else is then printed there.',
  },
  syslog: {
    kind: 'list',
    value: '[SELECTOR=]FILE',
    section: REPORT,
    about:
      'Writes the lines of LOG and TRACE as a syslog daemon would; the selector is one of syslog.conf, such as ' +
      'kern.warning, kern.=info or *.info;kern.!err. Without one, all lines. May be given several times.',
  },
  hold: {
    kind: 'flag',
    section: HOLD,
    about:
      'Keeps the gateway as the captures left it, for iptables, conntrack and their like to act on, until a signal ends it. ' +
      'Needs --socket.',
  },
  socket: {
    kind: 'text',
    value: 'PATH',
    section: HOLD,
    about: 'Where its control socket is to be; only you can use it.',
  },
  progress: {
    kind: 'flag',
    negatable: true,
    section: REPORT,
    about: 'A progress bar on standard error. Default: when that is a terminal and the replay takes long.',
  },
} as const satisfies OptionSpecs;

export type ReplayCommandOptions = OptionValues<typeof OPTIONS>;

export const replay = defineCommand({
  name: 'replay',
  summary: 'Replays captures through a ruleset and tells what became of every packet, and why.',
  about: [
    'Takes captures (pcap or pcapng, also gzip-compressed; "-" is standard input) and rules in the format of ' +
      'iptables-save, and tells for every packet what a Linux gateway with these rules would have done: the ' +
      'verdict, the rule that decided, what translation changed and what left on which interface. Needs no root, ' +
      'touches no network, and runs in the time of the capture.',
    'There are three ways in. With --in, frames arrive on the interface named, exactly as captured. A plain ' +
      'CAPTURE holds both directions of somebody’s traffic: the sides are found (or named with --inside) and the ' +
      'frames are addressed to the gateway. With --host, the capture was taken on the machine whose rules these ' +
      'are: what comes to it passes INPUT, what it sends passes OUTPUT.',
    'Without --gateway, a gateway is assumed that fits the capture and the interfaces that the rules name; the ' +
      'report says what was assumed.',
  ],
  arguments: [
    { name: 'CAPTURE', required: false, variadic: true, about: 'Captures that hold both directions.' },
  ],
  options: OPTIONS,
  examples: [
    {
      about: 'What would this gateway have done with that traffic?',
      command:
        'sluice replay pcaps/http.pcap --inside 10.254.0.0/24 \\\n' +
        '  --rules examples/nat-gateway/firewall.rules --gateway examples/nat-gateway/gateway.yaml',
    },
    {
      about: 'Captures of both interfaces of a gateway, as they are, for IPv4 and IPv6:',
      command:
        'sluice replay --in eth0=pcaps/nat-lan-in.pcap --in eth1=pcaps/nat-wan-in.pcap \\\n' +
        '  --rules examples/nat-gateway/firewall.rules --rules6 examples/nat-gateway/firewall6.rules \\\n' +
        '  --gateway examples/nat-gateway/gateway.yaml',
    },
    {
      about: 'A capture taken on a server, and which packets its firewall refuses:',
      command:
        'sluice replay pcaps/host.pcap --host 10.254.0.2 \\\n' +
        '  --rules examples/host-firewall/host.rules --only-dropped',
    },
    {
      about: 'Keep the gateway, look into it and change it:',
      command:
        'sluice replay pcaps/http.pcap --rules firewall.rules --hold --socket gw.sock &\n' +
        '  sluice conntrack --socket gw.sock -L; sluice iptables --socket gw.sock -nvL',
    },
    {
      about: 'Straight from the wire, as JSON:',
      command:
        'tcpdump -w - -c 1000 | sluice replay - --rules firewall.rules --json | jq \'select(.verdict == "DROP")\'',
    },
    {
      about: 'What a log server would have got, and everything for Wireshark:',
      command:
        "sluice replay capture.pcap --rules firewall.rules -q --syslog 'kern.warning=messages' -o out.pcapng",
    },
  ],
  run: async (captures, options, io) => {
    const [{ runReplay }, { runReplayCommand }] = await Promise.all([
      import('../../replay/replay.ts'),
      import('./replay-run.ts'),
    ]);
    return runReplayCommand(captures, options, io, runReplay);
  },
});
