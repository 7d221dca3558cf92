/** One `-j …` at random, one function a target. Ports that the kernel would draw at random are not asked for. */
import { NEXT, OWN } from '../standard-gateway.ts';
import { setTarget } from './named-objects.ts';
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

function ecn({ chance, family, protocol }: Place): string | null {
  if (family === 6) return null;
  if (protocol !== Protocol.TCP) return `-j ECN --ecn-ip-ect ${chance.below(4)}`;
  return `-j ECN ${chance.pick([
    '--ecn-tcp-remove',
    `--ecn-tcp-cwr ${chance.below(2)} --ecn-tcp-ece ${chance.below(2)}`,
    `--ecn-ip-ect ${chance.below(4)}`,
  ])}`;
}

function optionStrip({ chance, protocol }: Place): string | null {
  if (protocol !== Protocol.TCP) return null;
  const kinds = chance.some(['mss', 'wscale', 'sack-permitted', 'sack', 'timestamp', '19', '254'], 3);
  return `-j TCPOPTSTRIP --strip-options ${kinds.join(',')}`;
}

function hashedMark({ chance, family }: Place): string {
  const head = `-j HMARK --hmark-mod ${chance.between(1, 1000)} --hmark-rnd ${hex(chance.below(0x7fff_ffff))}`;
  const offset = chance.is(0.4) ? ` --hmark-offset ${chance.below(10)}` : '';
  if (chance.is(0.4)) {
    const parts = chance.some(['src', 'dst', 'sport', 'dport', 'proto', 'ct'], 4).join(',');
    return `${head}${offset} --hmark-tuple ${parts}`;
  }
  const longest = family === 4 ? 32 : 128;
  const words = [`--hmark-src-prefix ${chance.between(1, longest)}`];
  if (chance.is(0.5)) words.push(`--hmark-dst-prefix ${chance.between(1, longest)}`);
  if (chance.is(0.5)) words.push(`--hmark-proto-mask ${chance.pick(['0xff', '0x0'])}`);
  if (chance.is(0.3)) words.push(`--hmark-spi-mask ${hex(chance.below(0x7fff_ffff))} --hmark-spi 0x5`);
  else if (chance.is(0.6)) {
    words.push(
      `--hmark-sport-mask ${hex(chance.below(65536))} --hmark-dport-mask ${hex(chance.below(65536))}`,
    );
    if (chance.is(0.4)) words.push('--hmark-sport 80 --hmark-dport 0');
  }
  return `${head}${offset} ${words.join(' ')}`;
}

/**
 * To a neighbour, so that the copy leaves at once. Only of TCP: the kernel hands a copy of a multicast to itself, where the
 * rule makes another of it, for ever.
 */
function tee({ chance, family, protocol }: Place): string | null {
  if (protocol !== Protocol.TCP) return null;
  const side = chance.pick(['eth0', 'eth1'] as const);
  return `-j TEE --gateway ${NEXT[family][side]}${chance.is(0.3) ? ` --oif ${side}` : ''}`;
}

/** Sockets there are none, so that packets end here. */
function tproxy(place: Place): string | null {
  const { chance, family, protocol } = place;
  if (!WITH_PORTS.includes(protocol) || !place.hooks.every((hook) => hook === 'PREROUTING')) return null;
  const to = chance.is(0.5) ? ` --on-ip ${OWN[family].eth0}` : '';
  return `-j TPROXY --on-port ${chance.between(1, 9)}${to} --tproxy-mark 0x1/0x1`;
}

function prefixes(place: Place): string | null {
  const { chance, family } = place;
  if (family === 4) return null;
  const isSource = place.hooks.every((hook) => hook === 'INPUT' || hook === 'POSTROUTING');
  const isDestination = place.hooks.every((hook) => hook === 'PREROUTING' || hook === 'OUTPUT');
  if (!isSource && !isDestination) return null;
  const ends = ['2001:db8:5::/48', 'fd00:a::/64', 'fd00:77::/32', '2001:db8:1::/64'];
  return `-j ${isSource ? 'SNPT' : 'DNPT'} --src-pfx ${chance.pick(ends)} --dst-pfx ${chance.pick(ends)}`;
}

function classify(place: Place): string | null {
  return reaches(place, 'PREROUTING', 'INPUT') ? null : `-j CLASSIFY --set-class 1:${place.chance.below(16)}`;
}

/** Timers are named by rule, since all rules of a name must agree; so are estimators. */
function idleTimer({ chance }: Place): string {
  return `-j IDLETIMER --timeout 600 --label t${chance.below(1_000_000_000)}${chance.is(0.3) ? ' --alarm' : ''}`;
}

function estimator({ chance }: Place): string {
  return `-j RATEEST --rateest-name e${chance.below(1_000_000_000)} --rateest-interval 250ms --rateest-ewmalog 2s`;
}

const audit: Target = ({ chance }) => `-j AUDIT --type ${chance.pick(['accept', 'drop', 'reject'])}`;
const checksumFill: Target = () => '-j CHECKSUM --checksum-fill';
const connsecmark: Target = ({ chance }) => `-j CONNSECMARK --${chance.pick(['save', 'restore'])}`;
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
  [1, hashedMark],
  [0.5, tee],
  [0.2, classify],
  [0.2, idleTimer],
  [0.2, estimator],
  [0.2, audit],
  [0.7, setTarget],
].map(([weight, target]) => [Math.round((weight as number) * 10), target as Target]);

const ONLY_MANGLE: Weighted = [
  [10, ecn],
  [10, optionStrip],
  [10, prefixes],
  [15, tproxy],
  [3, checksumFill],
  [3, connsecmark],
];

const TARGETS: Readonly<Record<TableName, Weighted>> = {
  raw: [...EVERYWHERE, [3, drop], [15, ct], [5, notrack]],
  mangle: [...EVERYWHERE, [3, drop], [25, tos], [20, hopLimit], [20, tcpmss], ...ONLY_MANGLE],
  nat: [...EVERYWHERE, [150, nat]],
  filter: [...EVERYWHERE, [15, drop], [30, reject], [5, tcpmss]],
  security: [...EVERYWHERE, [10, drop], [3, connsecmark]],
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
