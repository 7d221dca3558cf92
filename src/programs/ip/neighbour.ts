/** `ip neigh`: neighbours shown, set and removed. */
import { formatIp, formatMac, parseMac } from '../../wire/address.ts';
import type { IpAddress, IpPrefix } from '../../stack/address.ts';
import { networkOf, sameWords } from '../../stack/address.ts';
import type { Device } from '../../stack/device.ts';
import { NeighbourState, type Neighbour } from '../../stack/neighbour.ts';
import { NetlinkError, type NeighbourMode } from '../../stack/rtnetlink/index.ts';
import { WordsMistake, wrong, type Words } from '../../stack/routing/words.ts';
import type { IpCommand } from './options.ts';
import { runVerb } from './verbs.ts';

const VERBS = ['add', 'change', 'chg', 'replace', 'append', 'delete', 'get', 'show', 'lst', 'list', 'flush'];
const STATES: Readonly<Record<string, NeighbourState>> = {
  incomplete: NeighbourState.INCOMPLETE,
  reachable: NeighbourState.REACHABLE,
  stale: NeighbourState.STALE,
  delay: NeighbourState.DELAY,
  probe: NeighbourState.PROBE,
  failed: NeighbourState.FAILED,
  permanent: NeighbourState.PERMANENT,
};
const US_PER_SECOND = 1_000_000;

export function ipNeighbour(command: IpCommand, words: Words): void {
  runVerb<NeighbourMode>({ object: 'neigh', verbs: VERBS, show, get, remove, flush, set }, command, words);
}

// ── Showing ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Filter {
  device?: Device;
  state?: NeighbourState;
  to?: IpPrefix;
  isProxy: boolean;
}

function readFilter(command: IpCommand, words: Words): Filter {
  const filter: Filter = { isProxy: false };
  while (!words.isEmpty) {
    const word = words.next();
    if (word === 'dev') filter.device = command.device(words.next());
    else if (word === 'nud') filter.state = stateNamed(words.next());
    else if (word === 'proxy') filter.isProxy = true;
    else if (word === 'unused') continue;
    else
      filter.to =
        word === 'to' ? words.prefix(command.options.family) : words.back().prefix(command.options.family);
  }
  return filter;
}

function stateNamed(name: string): NeighbourState {
  return (Object.hasOwn(STATES, name) ? STATES[name] : undefined) ?? wrong(name, 'nud state is bad');
}

/** What follows from an address by itself (multicast, loopback) is no entry of the kernel's list either. */
function isListed({ state, isConfigured }: Neighbour): boolean {
  return state !== NeighbourState.PERMANENT || isConfigured;
}

function listed(command: IpCommand, filter: Filter): Neighbour[] {
  const tables = [
    ...(command.wants(4) ? [command.host.neighbours4] : []),
    ...(command.wants(6) ? [command.host.neighbours6] : []),
  ];
  return tables
    .flatMap((table) => [...table.entries()].filter(isListed).sort(byAddress))
    .filter(
      (one) =>
        (filter.device === undefined || one.device === filter.device) &&
        (filter.state === undefined || one.state === filter.state) &&
        (filter.to === undefined || isIn(one, filter.to)),
    );
}

function isIn({ family, w0, w1, w2, w3 }: Neighbour, to: IpPrefix): boolean {
  const words = Int32Array.of(w0, w1, w2, w3);
  return family === to.family && sameWords(networkOf(words, to.length), networkOf(to.words, to.length));
}

/** The kernel's order is that of its hash under a secret key; ours is one that can be read. */
function byAddress(a: Neighbour, b: Neighbour): number {
  const words = (one: Neighbour) => [one.device.index, one.w0, one.w1, one.w2, one.w3];
  const [x, y] = [words(a), words(b)];
  const at = x.findIndex((word, i) => word !== y[i]);
  return at < 0 ? 0 : (x[at]! >>> 0) - (y[at]! >>> 0);
}

function show(command: IpCommand, words: Words): void {
  const filter = readFilter(command, words);
  if (filter.isProxy) {
    for (const { address, device } of command.host.proxies.all()) {
      if (!command.wants(address.family) || (filter.device !== undefined && device !== filter.device))
        continue;
      command.print([`${textOf(address)} ${filter.device === undefined ? `dev ${device.name} ` : ''}proxy `]);
    }
    return;
  }
  for (const one of listed(command, filter)) command.print([neighbourText(command, one, filter.device)]);
}

function textOf({ family, words }: IpAddress): string {
  return formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
}

function neighbourText(command: IpCommand, one: Neighbour, device: Device | undefined): string {
  const { family, w0, w1, w2, w3, state, probes } = one;
  const hasAddress = state !== NeighbourState.INCOMPLETE && state !== NeighbourState.FAILED;
  const now = command.host.clock.now;
  const seconds = (at: number) => Math.max(0, Math.floor((now - at) / US_PER_SECOND));
  const parts = [
    formatIp(family, w0, w1, w2, w3),
    ...(device === undefined ? [`dev ${one.device.name}`] : []),
    ...(hasAddress ? [`lladdr ${formatMac(one.mac, 0)}`] : []),
    ...(one.isRouter ? ['router'] : []),
  ];
  const statistics =
    command.options.statistics === 0
      ? ''
      : ` used ${seconds(one.usedAt)}/${seconds(one.confirmedAt)}/${seconds(one.updatedAt)}probes ${probes} `;
  return `${parts.join(' ')} ${statistics}${stateName(state)} `;
}

export function stateName(state: NeighbourState): string {
  return Object.keys(STATES)
    .find((name) => STATES[name] === state)!
    .toUpperCase();
}

function get(command: IpCommand, words: Words): void {
  const { address, device } = readWords(command, words);
  const one = command.host.netlink.neighbours.find(address, device);
  if (one === undefined || !isListed(one)) throw new NetlinkError('ENOENT', 'Neighbour entry not found.');
  command.print([neighbourText(command, one, undefined)]);
}

// ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Said {
  readonly address: IpAddress;
  readonly device: Device;
  readonly mac: Uint8Array | undefined;
  readonly state: NeighbourState;
  readonly isRouter: boolean;
  readonly isProxy: boolean;
}

function readWords(command: IpCommand, words: Words): Said {
  let address: IpAddress | undefined;
  let device: Device | undefined;
  let mac: Uint8Array | undefined;
  let state: NeighbourState = NeighbourState.PERMANENT;
  let isRouter = false;
  let isProxy = false;
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'lladdr': {
        mac = parseMac(words.next());
        if (mac === undefined) throw new NetlinkError('EINVAL', 'Invalid link address.');
        break;
      }
      case 'nud':
        state = stateNamed(words.next());
        break;
      case 'dev':
        device = command.device(words.next());
        break;
      case 'router':
        isRouter = true;
        break;
      case 'proxy':
        isProxy = true;
        address = words.address(command.options.family);
        break;
      default:
        if (address !== undefined) {
          throw new WordsMistake(`Error: either "to" is duplicate, or "${word}" is a garbage.`);
        }
        if (word !== 'to') words.back();
        address = words.address(command.options.family);
    }
  }
  if (device === undefined || address === undefined) {
    throw new WordsMistake('Device and destination are required arguments.', 255);
  }
  return { address, device, mac, state, isRouter, isProxy };
}

function set(command: IpCommand, words: Words, mode: NeighbourMode): void {
  const { address, device, mac, state, isRouter, isProxy } = readWords(command, words);
  if (isProxy) command.host.proxies.add(address, device);
  else command.host.netlink.neighbours.set(address, device, mac, state, mode, isRouter);
}

function remove(command: IpCommand, words: Words): void {
  const { address, device, isProxy } = readWords(command, words);
  if (!isProxy) return command.host.netlink.neighbours.remove(address, device);
  if (!command.host.proxies.remove(address, device)) throw new NetlinkError('ENOENT');
}

function flush(command: IpCommand, words: Words): void {
  if (words.isEmpty) throw new WordsMistake('Flush requires arguments.', 1);
  const isAll = words.peek === 'all';
  if (isAll) words.next();
  const filter = readFilter(command, words);
  for (const one of listed(command, filter)) {
    const isChosen = filter.state === undefined ? one.state !== NeighbourState.PERMANENT : true;
    if (isChosen) (one.family === 6 ? command.host.neighbours6 : command.host.neighbours4).forget(one);
  }
}
