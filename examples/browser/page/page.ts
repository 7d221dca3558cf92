/**
 * A page in which v86 boots Linux behind our gateway: the guest's terminal on one side, on the other the rules, which can be
 * changed while it runs, with their counters, the connections, and the log. The world behind the gateway is two servers of
 * the page's own, and for everything else a relay (`?relay=ws://127.0.0.1:8081/`), or without one, for other names, `fetch`.
 */
import { Terminal } from '@xterm/xterm';
import {
  AuditLog,
  createNetwork,
  echo,
  echoDatagrams,
  GatewayConsole,
  http,
  RelayNic,
  throughFetch,
  V86Nic,
} from 'sluice/browser';
import { V86 } from 'v86';
import { guestOptions } from '../guest/options.ts';
import { LogView } from './log-view.ts';
import { RulesView } from './rules-view.ts';

const RULES = `*nat
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
-A INPUT -i wan -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wan -j DROP
-A FORWARD -p tcp --dport 23 -j LOG --log-prefix "telnet: "
-A FORWARD -p tcp --dport 23 -j REJECT --reject-with tcp-reset
COMMIT
`;
const REFRESH_MS = 500;
const FLOWS_SHOWN = 6;

const element = (id: string) => document.getElementById(id)!;

const terminal = new Terminal({ cols: 80, rows: 34, fontSize: 13, theme: { background: '#151d23' } });
terminal.open(element('terminal'));

const emulator = new V86({
  ...guestOptions(
    {
      kernel: { url: 'guest/kernel' },
      disk: { url: 'guest/disk' },
      bios: { url: 'guest/bios' },
      vgaBios: { url: 'guest/vga-bios' },
    },
    ['dhcp', 'host=linux'],
  ),
  wasm_path: 'v86.wasm',
  net_device: { type: 'virtio' },
  disable_keyboard: true,
  disable_mouse: true,
});
emulator.add_listener('serial0-output-byte', (byte) => terminal.write(Uint8Array.of(byte)));
terminal.onData((text) => emulator.serial0_send(text));
terminal.write('Linux boots in this page: half a minute, on a fast machine …\r\n');

const relay = new URLSearchParams(location.search).get('relay') ?? '';
(element('relay') as HTMLInputElement).value = relay;

const audit = new AuditLog();
new LogView(element('log')).follow(audit);
const network = await createNetwork({
  guests: { linux: new V86Nic(emulator) },
  mtu: 1500,
  rules: RULES,
  audit,
  servers: {
    'web.example': {
      addresses: ['203.0.113.80', '2001:db8::80'],
      ports: {
        80: http(({ url }) => new Response(`You asked for ${new URL(url).pathname} in your own browser.\n`)),
      },
    },
    'echo.example': { addresses: ['203.0.113.7'], ports: { 7: echo }, datagrams: { 7: echoDatagrams } },
  },
  ...(relay === '' ? { web: throughFetch } : { relay: new RelayNic(relay) }),
}).catch((error: Error) => {
  element('status').textContent = error.message;
  throw error;
});
const gateway = new GatewayConsole(network);
const rules = new RulesView(element('rules'), network.gateway, (line) => void obey(line));

const line = element('line') as HTMLInputElement;
element('command').addEventListener('submit', (event) => {
  event.preventDefault();
  void obey(line.value);
});
rules.onPick = (text) => {
  line.value = text;
  line.focus();
};

/** What is typed; what begins with an option is iptables'. */
async function obey(typed: string): Promise<void> {
  const before = typed.startsWith('-') ? 'iptables ' : '';
  const { status, text, mistake } = await gateway.run(before + typed);
  const answer = element('answer');
  answer.replaceChildren();
  if (mistake !== null) {
    const [start, end] = [mistake.start - before.length, mistake.end - before.length];
    const word = document.createElement('mark');
    word.textContent = typed.slice(start, end);
    answer.append(typed.slice(0, start), word, `${typed.slice(end)}\n`);
  }
  answer.append(text);
  if (status === 0) line.value = '';
  rules.show();
}

async function refresh(): Promise<void> {
  rules.show();
  const { text } = await gateway.run('conntrack -L');
  const flows = text.split('\n').flatMap(shortened);
  element('flows').textContent = flows.slice(-FLOWS_SHOWN).join('\n') || 'none';
  const addresses = network.services.names.addressesOf('linux');
  const guest = addresses.length === 0 ? 'no lease yet' : `linux ${addresses.join(' ')}`;
  element('status').textContent = [guest, wayOut()].join(' ').trim();
}

function wayOut(): string {
  const { relay } = network;
  if (relay === null) return '';
  return `→ relay ${relay.problem ?? (relay.isUp ? (relay.address ?? 'gives no address yet') : 'is not there')}`;
}

/** Of a line of `conntrack -L`: protocol, state, where it began, where it goes, and as whom it is known beyond the gateway. */
function shortened(flow: string): string[] {
  const places = [...flow.matchAll(/src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g)];
  const [, from, to, sport, dport] = places[0] ?? [];
  if (from === undefined) return [];
  const [protocol = '', , , state = ''] = flow.split(/\s+/);
  const port = (number: string | undefined) => (number === undefined ? '' : `:${number}`);
  const known = places[1]?.[2];
  const nat = known === from ? '' : ` as ${known}`;
  return [
    `${protocol.padEnd(4)} ${from}${port(sport)} → ${to}${port(dport)}${nat} ${/^[A-Z]/.test(state) ? state : ''}`,
  ];
}

rules.show();
setInterval(() => void refresh(), REFRESH_MS);
