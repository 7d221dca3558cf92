/**
 * `ip` (iproute2 6.1) on a host of ours: link, address, route, rule, neighbour, maddress, with their short forms. Words, output,
 * messages and statuses are iproute2's; what is not there is refused by name.
 */
import type { Host } from '../../stack/host.ts';
import { NetlinkError } from '../../stack/rtnetlink/index.ts';
import { Words, WordsMistake } from '../../stack/routing/words.ts';
import { ipAddress } from './address.ts';
import { ipLink } from './link.ts';
import { ipMaddress } from './maddress.ts';
import { ipNeighbour } from './neighbour.ts';
import { IpCommand, isShortFor, type IpOptions } from './options.ts';
import { ipRoute } from './route.ts';
import { ipRule } from './rule.ts';

export interface ToolResult {
  readonly out: string;
  readonly err: string;
  readonly status: number;
}

/** In the order in which short forms are looked for. */
const OBJECTS: readonly (readonly [string, (command: IpCommand, words: Words) => void])[] = [
  ['address', ipAddress],
  ['maddress', ipMaddress],
  ['route', ipRoute],
  ['rule', ipRule],
  ['neighbor', ipNeighbour],
  ['neighbour', ipNeighbour],
  ['link', ipLink],
];

/** A refusal of the kernel's. */
const STATUS_REFUSED = 2;
const USAGE = `Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
where  OBJECT := { address | link | maddress | neighbor | neighbour | route | rule }
       OPTIONS := { -s[tatistics] | -d[etails] | -f[amily] { inet | inet6 } | -4 | -6 |
                    -br[ief] | -o[neline] }
`;

export function runIp(host: Host, args: readonly string[]): ToolResult {
  const words = new Words(args);
  let command: IpCommand | undefined;
  try {
    const options = readOptions(words);
    command = new IpCommand(host, options);
    if (words.isEmpty) return { out: '', err: USAGE, status: 255 };
    const object = words.next();
    if (object === 'help') return { out: '', err: USAGE, status: 255 };
    const found = OBJECTS.find(([name]) => isShortFor(object, name));
    if (found === undefined) {
      throw new WordsMistake(`Object "${object}" is unknown, try "ip help".`, 1);
    }
    host.enter();
    try {
      found[1](command, words);
    } finally {
      host.leave();
    }
    return { out: command.out, err: command.err, status: 0 };
  } catch (error) {
    const out = command?.out ?? '';
    if (error instanceof NetlinkError) return { out, err: `${error.answer}\n`, status: STATUS_REFUSED };
    if (error instanceof WordsMistake) return { out, err: `${error.message}\n`, status: error.status };
    throw error;
  }
}

function readOptions(words: Words): IpOptions {
  let family: 0 | 4 | 6 = 0;
  let statistics = 0;
  let details = false;
  let oneLine = false;
  let brief = false;
  while (words.peek.startsWith('-')) {
    const word = words.next();
    const option = word.replace(/^--?/, '');
    if (option === '4') family = 4;
    else if (option === '6') family = 6;
    else if (isShortFor(option, 'family')) family = familyNamed(words.next());
    else if (isShortFor(option, 'stats') || isShortFor(option, 'statistics')) statistics++;
    else if (isShortFor(option, 'details')) details = true;
    else if (isShortFor(option, 'oneline')) oneLine = true;
    else if (option.startsWith('br') && isShortFor(option, 'brief')) brief = true;
    else if (option === 'n' || option === 'N' || isShortFor(option, 'Numeric')) continue;
    else if (isShortFor(option, 'color') || option.startsWith('color=')) continue;
    else throw new WordsMistake(`Option "${word}" is unknown, try "ip -help".`);
  }
  return { family, statistics, details, oneLine, brief };
}

function familyNamed(name: string): 0 | 4 | 6 {
  if (name === 'inet') return 4;
  if (name === 'inet6') return 6;
  throw new WordsMistake(`Error: argument "${name}" is wrong: invalid protocol family\n`);
}
