/**
 * `nc` and `telnet`: a connection from a host, what is said first, and what comes back (netcat's everyday use). They read no
 * standard input: what there is to say stands behind the port.
 */
import type { Family } from '../../netfilter/hook.ts';
import type { IpAddress } from '../../stack/address.ts';
import type { Call, Interrupt, Program } from '../program.ts';
import { reach } from '../target.ts';
import { DatagramTalk } from './datagram.ts';
import { FAILED, tell, type Manners } from './manners.ts';
import { StreamTalk } from './stream.ts';

const MAX_PORT = 65535;
const TELNET_PORT = 23;
const FLAGS = ['-4', '-6', '-C', '-u', '-v', '-z', '-n', '-N'];
const VALUES = ['connected', 'received', 'error'];

export const nc: Program = {
  name: 'nc',
  usage: 'nc [-46CuvzN] [-w SECONDS] HOST PORT [TEXT]',
  about:
    'Opens a TCP connection (with -u: over UDP), sends the text (with -C its line ends in CR LF), prints what comes back, ' +
    'and closes when the other side does. HOST is an address, or a name where the host knows name servers.',
  on: 'host',
  passesTime: true,
  values: VALUES,
  completion: () => ['-4', '-6', '-C', '-u', '-v', '-w', '-z'],
  start(call) {
    const flags = new Set<string>();
    let wait = 0;
    let at = 0;
    for (; call.args[at]?.startsWith('-') === true; at++) {
      const word = call.args[at]!;
      if (word === '-w') wait = Number(call.args[++at]);
      else if (FLAGS.includes(word)) flags.add(word);
      else return refuse(call, `nc: invalid option -- '${word.slice(1)}'`);
    }
    const [target = '', port = '', ...words] = call.args.slice(at);
    const isUdp = flags.has('-u');
    const protocol = isUdp ? 'udp' : 'tcp';
    const line = words.join(' ') + (flags.has('-C') ? '\r\n' : '\n');
    const manners: Manners = {
      text: words.length === 0 && !isUdp ? '' : line,
      closesAtOnce: flags.has('-z'),
      waitUs: wait * 1e6,
      connected: flags.has('-v') ? `Connection to ${target} ${port} port [${protocol}/*] succeeded!\n` : '',
      refused: (error) => `nc: connect to ${target} port ${port} (${protocol}) failed: ${error}\n`,
      over: '',
    };
    const family = flags.has('-4') ? 4 : flags.has('-6') ? 6 : undefined;
    return dial(call, { target, family, port }, (address, number) =>
      isUdp
        ? new DatagramTalk(call, address, number, manners)
        : new StreamTalk(call, address, number, manners),
    );
  },
};

export const telnet: Program = {
  name: 'telnet',
  usage: 'telnet HOST [PORT] [TEXT]',
  about: 'Opens a TCP connection and prints what the other side says until it closes.',
  on: 'host',
  passesTime: true,
  values: VALUES,
  start(call) {
    const [target = '', port = String(TELNET_PORT), ...words] = call.args;
    const manners: Manners = {
      text: words.length === 0 ? '' : `${words.join(' ')}\r\n`,
      closesAtOnce: false,
      waitUs: 0,
      connected: `Connected to ${target}.\nEscape character is '^]'.\n`,
      refused: (error) => `telnet: Unable to connect to remote host: ${error}\n`,
      over: 'Connection closed by foreign host.\n',
    };
    return dial(call, { target, family: undefined, port }, (address, number) => {
      call.io.out.write(`Trying ${target}...\n`);
      return new StreamTalk(call, address, number, manners);
    });
  },
};

interface Dialled {
  readonly target: string;
  readonly family: Family | undefined;
  readonly port: string;
}

/** Begins as soon as it is known whom to call. */
function dial(
  call: Call,
  { target, family, port }: Dialled,
  begin: (address: IpAddress, port: number) => { readonly interrupt: Interrupt },
): Interrupt | void {
  const number = Number(port);
  if (!/^\d+$/.test(port) || number < 1 || number > MAX_PORT) {
    return refuse(
      call,
      `${call.name}: ${port === '' ? 'missing port number' : `port number invalid: ${port}`}`,
    );
  }
  let talk: { readonly interrupt: Interrupt } | undefined;
  let isOver = false;
  const fails = (error: string) => {
    isOver = true;
    if (error !== '') call.io.err.write(`${call.name}: ${error}\n`);
    tell(call, { isConnected: false, received: '', error });
  };
  const isTarget = reach(call.node, target, family, (address, error) => {
    if (isOver) return;
    if (address === undefined) fails(`${target}: ${error}`);
    else talk = begin(address, number);
  });
  if (!isTarget)
    return refuse(call, `${call.name}: "${target}" is no address, and no name that can be asked for`);
  return () => {
    if (talk !== undefined) talk.interrupt();
    else if (!isOver) fails('');
  };
}

function refuse({ io, exit }: Call, message: string): void {
  io.err.write(`${message}\n`);
  exit(FAILED);
}
