/**
 * FTP through this machine's sockets. What a guest and a server say of addresses in the control connection is true between
 * them, but the server talks to a socket of this machine:
 *
 *   active    PORT, EPRT: a port of this machine is opened for the server alone and stands in the command instead; what comes
 *             by it goes on to the port that the guest named, as from the server
 *   passive   227: the address of this machine's loopback, which the server names to whom it is `machine`, becomes machine's
 *
 * The gateway's helper (`-j CT --helper ftp`) sees what the guest says and hears, so its expectations hold. A control
 * connection that becomes TLS is passed on as it is.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { formatAddress, parseAddress, type IpAddress } from '../../stack/address.ts';
import type { Connection, Tcp } from '../../stack/tcp/index.ts';
import type { StreamEditor } from './joint.ts';
import { leadToGuest } from './lead-to-guest.ts';
import { LineFilter } from './line-filter.ts';
import type { Outside } from './outside.ts';

export const FTP_PORT = 21;

/** What a client sends behind a PORT before that has been answered; more is no FTP. */
const MOST_HELD = 8192;
/** Ports that are open for one control connection: a client wants one at a time, and the last one counts (RFC 959 4.1.2). */
const MOST_PORTS = 4;
/** For so long the server may come. */
const WAIT_MS = 60_000;
/** RFC 8446 5.1: how a TLS handshake begins. */
const TLS_HANDSHAKE = 0x16;
const NOTHING = new Uint8Array(0);

interface Place {
  readonly address: IpAddress;
  readonly port: number;
}

export class FtpRelay implements StreamEditor {
  private readonly tcp: Tcp;
  private readonly outside: Outside;
  private readonly connection: Connection;
  private readonly socket: Socket;
  private readonly commands = new LineFilter(['PORT ', 'EPRT '], (line) => this.command(line));
  private readonly replies = new LineFilter(['227 '], (line) => this.reply(line));
  private readonly servers = new Set<Server>();
  private isSecret = false;

  constructor(tcp: Tcp, outside: Outside, connection: Connection, socket: Socket) {
    this.tcp = tcp;
    this.outside = outside;
    this.connection = connection;
    this.socket = socket;
    socket.once('close', () => {
      for (const server of this.servers) server.close();
    });
  }

  toWorld(bytes: Uint8Array): Uint8Array {
    if (this.commands.heldLength === 0 && bytes[0] === TLS_HANDSHAKE) this.isSecret = true;
    if (this.isSecret) return bytes;
    const out = this.commands.pass(textOf(bytes));
    if (this.commands.heldLength <= MOST_HELD) return bytesOf(out);
    this.socket.resetAndDestroy();
    return NOTHING;
  }

  toGuest(bytes: Uint8Array): Uint8Array {
    return this.isSecret ? bytes : bytesOf(this.replies.pass(textOf(bytes)));
  }

  endToWorld(): Uint8Array {
    return bytesOf(this.commands.end());
  }

  endToGuest(): Uint8Array {
    return bytesOf(this.replies.end());
  }

  // ── Active ──────────────────────────────────────────────────────────────────────────────────────────────────

  private command(line: string): string | null {
    const { family, remote } = this.connection;
    const named = placeIn(line);
    // A guest that names another machine (a bounce) must see how it gets on with the server.
    if (named === undefined || named.address.family !== family || !isSame(named.address.words, remote))
      return line;
    const { localAddress } = this.socket;
    if (localAddress === undefined) return line;
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (accepted) =>
      this.outside.enter(() => this.accept(server, accepted, named.port)),
    );
    if (this.servers.size >= MOST_PORTS) this.servers.values().next().value!.close();
    this.servers.add(server);
    const timer = setTimeout(() => server.close(), WAIT_MS).unref();
    server.once('close', () => {
      clearTimeout(timer);
      this.servers.delete(server);
    });
    const goOn = (text: string) => void this.socket.write(bytesOf(this.commands.goOn(text)));
    server.once('error', () => {
      server.close();
      goOn(line);
    });
    server.listen({ host: localAddress, port: 0 }, () => {
      const { port } = server.address() as AddressInfo;
      goOn(commandOf(line, localAddress, port));
    });
    return null;
  }

  private accept(server: Server, accepted: Socket, port: number): void {
    // Whoever else found the port is not waited for.
    if (accepted.remoteAddress !== this.socket.remoteAddress) {
      accepted.destroy();
      return;
    }
    server.close();
    const { family, local, remote } = this.connection;
    leadToGuest(this.tcp, this.outside, accepted, {
      family,
      local: Int32Array.from(local),
      localPort: accepted.remotePort,
      remote: Int32Array.from(remote),
      remotePort: port,
    });
  }

  // ── Passive ─────────────────────────────────────────────────────────────────────────────────────────────────

  private reply(line: string): string {
    const named = placeIn(line);
    const own = parseAddress(this.socket.remoteAddress ?? '');
    const { family, local } = this.connection;
    if (named === undefined || family !== 4 || own === undefined || !isSame(named.address.words, own.words))
      return line;
    const address = formatAddress({ family, words: Int32Array.from(local) });
    return line.replace(SIX, sixOf(address, named.port));
  }
}

// ── Addresses in lines ──────────────────────────────────────────────────────────────────────────────────────────

/** RFC 959: the address and the port, byte by byte. */
const SIX = /\d{1,3}(?:,\d{1,3}){5}/;
/** RFC 2428: |1|132.235.1.2|6275| */
const EXTENDED = /^EPRT ([!-~])([12])\1([0-9A-Fa-f.:]+)\1(\d{1,5})\1/i;

function placeIn(line: string): Place | undefined {
  const [, , , text, extendedPort] = EXTENDED.exec(line) ?? [];
  if (text !== undefined) return placeOf(text, Number(extendedPort));
  const bytes = SIX.exec(line)?.[0].split(',').map(Number);
  if (bytes === undefined || bytes.some((byte) => byte > 255)) return undefined;
  return placeOf(bytes.slice(0, 4).join('.'), bytes[4]! * 256 + bytes[5]!);
}

function placeOf(text: string, port: number): Place | undefined {
  const address = parseAddress(text);
  return address === undefined || port < 1 || port > 65535 ? undefined : { address, port };
}

function commandOf(line: string, address: string, port: number): string {
  if (!/^EPRT/i.test(line)) return line.replace(SIX, sixOf(address, port));
  return `EPRT |${address.includes(':') ? 2 : 1}|${address}|${port}|\r\n`;
}

function sixOf(address: string, port: number): string {
  return `${address.replaceAll('.', ',')},${port >> 8},${port & 255}`;
}

function isSame(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

/** Byte for byte, whatever the text is written in. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
