/**
 * `tunctl` of uml-utilities: makes TAP devices. Source: tunctl(8), and the program watched (20070815.4); `-n` for TUN devices
 * is that of tunctl 1.5. A host has no users but root, so owners are numbers.
 */
import type { Device } from '../stack/device.ts';
import { TunLink, type TunMode } from '../stack/devices/tun.ts';
import type { Host } from '../stack/host.ts';
import { runIp } from './ip/index.ts';
import type { Program } from './program.ts';

const DONE = 0;
const FAILED = 1;
/** With its terminating zero (IFNAMSIZ). */
const NAME_SIZE = 16;

/** Of a device that is none of its own. */
const NOT_ONE = 'TUNSETIFF: Invalid argument\n';

const USAGE = `Create: tunctl [-b] [-n] [-u owner] [-g group] [-t device-name]
Delete: tunctl -d device-name

-b will result in brief output (just the device name)
`;

export const tunctl: Program = {
  name: 'tunctl',
  usage: 'tunctl [-b] [-n] [-u OWNER] [-g GROUP] [-t DEVICE] | -d DEVICE',
  about: 'Makes TAP devices (with -n TUN devices), and removes them.',
  on: 'host',
  passesTime: false,
  values: [],
  start({ node, args, io, exit }) {
    if (node.kind !== 'host') return;
    const words = readWords(args);
    const answer = words instanceof Map ? carryOut(node.gateway.host, words) : { err: `${words}${USAGE}` };
    io.out.write('out' in answer ? answer.out : '');
    io.err.write('err' in answer ? answer.err : '');
    exit('err' in answer ? FAILED : DONE);
  },
};

type Answer = { readonly out: string } | { readonly err: string };

/** Options with their values, or what is wrong with them. */
function readWords(args: readonly string[]): Map<string, string> | string {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const [, letter, value = ''] = /^-(.)(.*)$/.exec(args[at]!) ?? [];
    if (letter === undefined) return '';
    if (letter === 'b' || letter === 'n') {
      given.set(letter, '');
    } else if ('dgtu'.includes(letter)) {
      const word = value === '' ? args[++at] : value;
      if (word === undefined) return `tunctl: option requires an argument -- '${letter}'\n`;
      given.set(letter, word);
    } else {
      return `tunctl: invalid option -- '${letter}'\n`;
    }
  }
  return given;
}

function carryOut(host: Host, given: ReadonlyMap<string, string>): Answer {
  const gone = given.get('d');
  if (gone !== undefined) return remove(host, gone);
  const owner = idOf(given.get('u') ?? '', 'root');
  const group = idOf(given.get('g') ?? '', 'root');
  if (owner === null)
    return { err: `'${given.get('u')!}' is neither a username nor a numeric uid.\n${USAGE}` };
  if (group === null)
    return { err: `'${given.get('g')!}' is neither a groupname nor a numeric group.\n${USAGE}` };
  const kind: TunMode = given.has('n') ? 'tun' : 'tap';
  const name = given.get('t') ?? freeName(host, kind);
  if (name.length >= NAME_SIZE) return { err: NOT_ONE };
  const there = host.devices.named(name);
  if (there !== undefined && !isTun(there, kind)) return { err: NOT_ONE };
  if (there === undefined) {
    const { err } = runIp(host, ['link', 'add', name, 'type', kind]);
    if (err !== '') return { err };
  }
  if (given.has('b')) return { out: `${name}\n` };
  const uid = given.has('u') || !given.has('g') ? ` uid ${owner}` : '';
  const gid = given.has('g') ? ` gid ${group}` : '';
  return { out: `Set '${name}' persistent and owned by${uid}${gid}\n` };
}

function remove(host: Host, name: string): Answer {
  const there = host.devices.named(name);
  if (there !== undefined) {
    if (!isTun(there)) return { err: NOT_ONE };
    const { err } = runIp(host, ['link', 'delete', name]);
    if (err !== '') return { err };
  }
  return { out: `Set '${name}' nonpersistent\n` };
}

function isTun({ kind }: Device, mode?: TunMode): boolean {
  return kind instanceof TunLink && (mode === undefined || kind.mode === mode);
}

function idOf(word: string, root: string): number | null {
  if (word === '' || word === root) return 0;
  return /^\d+$/.test(word) ? Number(word) : null;
}

function freeName(host: Host, kind: string): string {
  for (let i = 0; ; i++) if (host.devices.named(`${kind}${i}`) === undefined) return `${kind}${i}`;
}
