/** One `-j …` at random, one function a target. Ports that the kernel would draw at random are not asked for. */
import { Protocol } from './packet-editor.ts';
import { hex, quoted, reaches, type Place, type TableName, type Target } from './place.ts';

const REJECTS = {
  4: [
    'net-unreachable',
    'host-unreachable',
    'proto-unreachable',
    'port-unreachable',
    'net-prohibited',
    'host-prohibited',
    'admin-prohibited',
  ].map((name) => `icmp-${name}`),
  6: [
    'no-route',
    'adm-prohibited',
    'addr-unreachable',
    'port-unreachable',
    'policy-fail',
    'reject-route',
  ].map((name) => `icmp6-${name}`),
} as const;
const WITH_PORTS: readonly (number | null)[] = [Protocol.TCP, Protocol.UDP];

function reject({ chance, family, protocol }: Place): string {
  if (protocol === Protocol.TCP && chance.is(0.6)) return '-j REJECT --reject-with tcp-reset';
  return chance.is(0.3) ? '-j REJECT' : `-j REJECT --reject-with ${chance.pick(REJECTS[family])}`;
}

function log({ chance }: Place): string {
  const flags = [
    '--log-tcp-sequence',
    '--log-tcp-options',
    '--log-ip-options',
    '--log-uid',
    '--log-macdecode',
  ].filter(() => chance.is(0.35));
  const prefix = chance.is(0.5) ? [`--log-prefix ${quoted(chance.pick(['in: ', 'a b ', 'x']))}`] : [];
  const level = chance.is(0.3) ? [`--log-level ${chance.between(1, 7)}`] : [];
  return ['-j LOG', ...prefix, ...level, ...flags].join(' ');
}

function mark({ chance }: Place): string {
  const value = hex(chance.below(16));
  const mask = hex(chance.pick([0xff, 0xffffffff, 0xf]));
  return `-j MARK ${chance.pick([`--set-mark ${value}`, `--set-xmark ${value}/${mask}`, `--or-mark ${value}`, `--and-mark ${mask}`, `--xor-mark ${value}`])}`;
}

function connmark({ chance }: Place): string {
  const bits = (): string => hex(chance.below(256));
  const masks = chance.pick(['', '', ` --nfmask ${bits()} --ctmask ${bits()}`, ` --mask ${bits()}`]);
  const way = chance.pick([
    `--set-mark ${hex(chance.below(16))}`,
    `--set-xmark ${hex(chance.below(16))}/0xff`,
    `--${chance.pick(['and', 'or', 'xor'])}-mark ${bits()}`,
    `--save-mark${masks}`,
    `--restore-mark${masks}`,
  ]);
  const shift = chance.is(0.15)
    ? ` --${chance.pick(['left', 'right'])}-shift-mark ${chance.between(1, 31)}`
    : '';
  return `-j CONNMARK ${way}${shift}`;
}

function tos({ chance }: Place): string {
  const value = hex(chance.below(256));
  return chance.pick([
    `-j TOS --set-tos ${value}/${hex(chance.below(256))}`,
    `-j TOS --or-tos ${value}`,
    `-j TOS --and-tos ${value}`,
    `-j TOS --xor-tos ${value}`,
    `-j DSCP --set-dscp ${chance.below(64)}`,
    `-j DSCP --set-dscp-class ${chance.pick(['CS3', 'AF22', 'EF', 'BE'])}`,
  ]);
}

function hopLimit({ chance, family }: Place): string {
  const name = family === 4 ? 'TTL' : 'HL';
  const way = chance.pick(['set', 'inc', 'dec']);
  return `-j ${name} --${name.toLowerCase()}-${way} ${chance.is(0.3) ? chance.between(1, 255) : chance.between(1, 3)}`;
}

function tcpmss(place: Place): string | null {
  const { chance, protocol } = place;
  if (protocol !== Protocol.TCP) return null;
  const syn = chance.pick(['--syn', '--tcp-flags SYN,RST SYN', '--tcp-flags SYN SYN']);
  const mayClamp = !reaches(place, 'PREROUTING', 'INPUT');
  const way =
    mayClamp && chance.is(0.5)
      ? '--clamp-mss-to-pmtu'
      : `--set-mss ${chance.pick([1, 100, 536, 1200, 1400, 1460, 9000])}`;
  return `-m tcp ${syn} -j TCPMSS ${way}`;
}

function ct({ chance, protocol }: Place): string {
  const words = ['-j CT'];
  if (chance.is(0.5))
    words.push(
      chance.is(0.3)
        ? `--zone-${chance.pick(['orig', 'reply'])} ${chance.below(3)}`
        : `--zone ${chance.pick(['1', '2', 'mark'])}`,
    );
  if (protocol === Protocol.TCP && chance.is(0.4)) words.push('--helper ftp');
  if (chance.is(0.2) || words.length === 1) words.push('--ctevents new,destroy');
  if (chance.is(0.1)) words.push('--expevents new');
  return chance.is(0.5) || protocol === null ? '-j CT --notrack' : words.join(' ');
}

/** Nobody listens, so which queue it is decides nothing. */
function nfqueue({ chance }: Place): string {
  const queue = chance.is(0.7)
    ? `--queue-num ${chance.below(4)}`
    : `--queue-balance 0:${chance.between(1, 5)}${chance.is(0.5) ? ' --queue-cpu-fanout' : ''}`;
  return `-j NFQUEUE ${queue}${chance.is(0.6) ? ' --queue-bypass' : ''}`;
}

function nflog({ chance }: Place): string {
  const further = chance.pick(['', '--nflog-range 40', '--nflog-size 64', '--nflog-threshold 5']);
  return `-j NFLOG --nflog-group ${chance.below(4)} --nflog-prefix ${quoted('x')} ${further}`.trimEnd();
}

function addressPart({ chance, addresses, family }: Place): string {
  const address = chance.pick(addresses);
  if (chance.is(0.75)) return address;
  return family === 4
    ? `${address.replace(/\d+$/, '16')}-${address.replace(/\d+$/, '31')}`
    : `${address.replace(/[^:]*$/, '10')}-${address.replace(/[^:]*$/, '1f')}`;
}

function withPort({ family }: Place, address: string, port: string): string {
  return family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}

/** Destination ports are tried from the first; source ports are drawn, so here is only one to draw from. */
function dnat(place: Place): string {
  const { chance, facts, protocol } = place;
  const address = addressPart(place);
  const port = chance.pick(facts.ports);
  const ports = chance.is(0.3) ? `${port}-${Math.min(65535, port + chance.below(20))}` : `${port}`;
  const to = WITH_PORTS.includes(protocol) && chance.is(0.5) ? withPort(place, address, ports) : address;
  return `-j DNAT --to-destination ${to}${chance.is(0.1) ? ' --persistent' : ''}`;
}

function snat(place: Place): string {
  const { chance, facts, protocol } = place;
  const address = addressPart(place);
  const to =
    WITH_PORTS.includes(protocol) && chance.is(0.2)
      ? withPort(place, address, `${chance.pick(facts.ports)}`)
      : address;
  return `-j SNAT --to-source ${to}${chance.is(0.1) ? ' --persistent' : ''}`;
}

function masquerade({ chance, facts, protocol }: Place): string {
  const ports =
    WITH_PORTS.includes(protocol) && chance.is(0.15) ? ` --to-ports ${chance.pick(facts.ports)}` : '';
  return `-j MASQUERADE${ports}`;
}

function redirect({ chance, facts, protocol }: Place): string {
  const ports =
    WITH_PORTS.includes(protocol) && chance.is(0.6) ? ` --to-ports ${chance.pick(facts.ports)}` : '';
  return `-j REDIRECT${ports}`;
}

function netmap({ chance, addresses, family }: Place): string {
  return `-j NETMAP --to ${chance.pick(addresses)}/${family === 4 ? chance.between(16, 32) : chance.between(64, 128)}`;
}

function nat(place: Place): string {
  const ways: Target[] = [netmap];
  if (!reaches(place, 'INPUT', 'POSTROUTING')) ways.push(dnat, dnat, dnat, redirect);
  if (!reaches(place, 'PREROUTING', 'OUTPUT')) ways.push(snat, snat);
  if (!reaches(place, 'PREROUTING', 'OUTPUT', 'INPUT')) ways.push(masquerade, masquerade, masquerade);
  return place.chance.pick(ways)(place)!;
}

const accept: Target = () => '-j ACCEPT';
const drop: Target = () => '-j DROP';
const back: Target = () => '-j RETURN';
const nothing: Target = () => '';
const notrack: Target = () => '-j NOTRACK';
const trace: Target = () => '-j TRACE';

type Weighted = readonly (readonly [weight: number, target: Target])[];

/** Dropping in front of everything else leaves little to look at, so it is rare there. */
const EVERYWHERE: Weighted = [
  [3, accept],
  [1, back],
  [2, nothing],
  [2, mark],
  [1, connmark],
  [0.3, nfqueue],
  [0.3, nflog],
].map(([weight, target]) => [Math.round((weight as number) * 10), target as Target]);

const TARGETS: Readonly<Record<TableName, Weighted>> = {
  raw: [...EVERYWHERE, [3, drop], [15, ct], [5, notrack]],
  mangle: [...EVERYWHERE, [3, drop], [25, tos], [20, hopLimit], [20, tcpmss]],
  nat: [...EVERYWHERE, [150, nat]],
  filter: [...EVERYWHERE, [15, drop], [30, reject], [5, tcpmss]],
  security: [...EVERYWHERE, [10, drop]],
};
const LOG_WEIGHT = 10;

/** @param mayLog - whether LOG and TRACE may be drawn: runs that have them wait for each other */
export function randomTarget(place: Place, mayLog: boolean): string {
  const table = TARGETS[place.table];
  const logs: Weighted = mayLog
    ? [[LOG_WEIGHT, log], ...(place.table === 'raw' ? [[LOG_WEIGHT, trace] as const] : [])]
    : [];
  for (;;) {
    const words = place.chance.weighted([...table, ...logs])(place);
    if (words !== null) return words;
  }
}
