/** The README's picture: the beginning of what a real replay prints, run here. */
import { runProgram } from '../src/cli/program.ts';
import { StringOutput } from '../src/replay/report/index.ts';

const COMMAND = [
  'sluice replay --in eth0=pcaps/nat-lan-in.pcap eth1=pcaps/nat-wan-in.pcap --only-dropped --width 110',
  '--rules examples/nat-gateway/firewall.rules --gateway examples/nat-gateway/gateway.yaml',
];
const CUT = '…';
/** Lines shown of the table, and of the summary's parts. */
const TABLE_LINES = 14;
const PART_LINES = 5;
const PARTS = ['Verdicts', 'Rules hit', 'Rules never hit'];

export async function example(): Promise<string> {
  const out = new StringOutput();
  const err = new StringOutput();
  const io = { out, err, outIsTerminal: false, errIsTerminal: false, columns: 0, env: {} };
  const status = await runProgram(COMMAND.join(' ').split(' ').slice(1), io);
  if (status !== 0) throw new Error(`the README's example ended with ${status}: ${err.text}`);
  const [table, totals, ...parts] = out.text.trimEnd().split('\n\n') as [string, string, ...string[]];
  const shown = parts.filter((part) => PARTS.some((title) => part.startsWith(title)));
  return [
    '```',
    `$ ${COMMAND.join(' \\\n    ')}`,
    `${beginning(table, TABLE_LINES)}\n`,
    [totals, ...shown.map((part) => beginning(part, PART_LINES))].join('\n\n'),
    '```',
  ].join('\n');
}

function beginning(text: string, lines: number): string {
  const all = text.split('\n').map((line) => (line.length > 120 ? `${line.slice(0, 119)}${CUT}` : line));
  return all.length <= lines ? all.join('\n') : [...all.slice(0, lines), CUT].join('\n');
}
