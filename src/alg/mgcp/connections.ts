/**
 * The connections that a call agent has its gateway make (RFC 3435 2.3): commands matched with their answers by
 * transaction, the media of each connection by the description that its gateway answers with. One object a control
 * connection; its sides are the directions of that.
 */
import type { Address } from '../address.ts';
import type { EditedText } from '../edited-text.ts';
import type { Flow, FlowTable } from '../flow-table.ts';
import { Call, type CallTable } from '../media/call-table.ts';
import type { MediaOwner, MediaPorts, Pinhole } from '../media/media-ports.ts';
import { codecsOf, type SessionDescription } from '../media/sdp.ts';
import { formatIp } from '../../wire/address.ts';
import { ConnectionState, MAX_CONNECTIONS, MAX_TRANSACTIONS } from './facts.ts';
import type { MgcpMessage } from './grammar.ts';

type Pinholes = readonly (Pinhole | null)[];

class Connection implements MediaOwner {
  readonly call: Call;
  readonly endpoint: string;
  readonly callId: string;
  /** As its gateway names it; empty until it has answered. */
  id = '';
  state: ConnectionState = ConnectionState.CREATING;
  /** Pinholes of each side. */
  readonly pinholes: [Pinholes, Pinholes] = [[], []];
  /** Where its media go to by the agent's word; null while nobody said. */
  remote: Address | null = null;

  constructor(call: Call, endpoint: string, callId: string) {
    this.call = call;
    this.endpoint = endpoint;
    this.callId = callId;
  }

  all(): Pinholes {
    return [...this.pinholes[0], ...this.pinholes[1]];
  }
}

interface Transaction {
  readonly verb: string;
  readonly message: MgcpMessage;
  /** Those that it is about; made, found or none. */
  readonly connections: readonly Connection[];
  isAnswered: boolean;
}

export interface Told {
  readonly entry: number;
  readonly side: number;
  readonly family: 4 | 6;
  /** The message's session description, empty for none; rewritten. */
  readonly body: EditedText;
}

export interface MgcpParts {
  readonly flow: Flow;
  readonly flows: FlowTable;
  readonly table: CallTable;
  readonly media: MediaPorts;
  /** Where descriptions are read. */
  readonly sdp: SessionDescription;
  /** May media come from gateways that only the agent knows? */
  readonly loose: boolean;
  isTranslated(): boolean;
  now(): number;
}

export class MgcpConnections {
  private readonly parts: MgcpParts;
  private readonly connections = new Set<Connection>();
  /** By the side that sent the command. */
  private readonly transactions: readonly [Map<string, Transaction>, Map<string, Transaction>] = [
    new Map(),
    new Map(),
  ];

  constructor(parts: MgcpParts) {
    this.parts = parts;
  }

  take(message: MgcpMessage, told: Told): void {
    if (message.verb === '') this.response(message, told);
    else this.command(message, told);
  }

  // ── Commands ──────────────────────────────────────────────────────────────────────────────────────────────────

  private command(message: MgcpMessage, told: Told): void {
    const { verb, transaction } = message;
    const own = this.transactions[told.side]!;
    const again = own.get(transaction);
    // Sent again for want of an answer (3.5.3).
    const connections = again !== undefined ? again.connections : this.concerned(message);
    if (again === undefined) {
      own.set(transaction, { verb, message, connections, isAnswered: false });
      if (own.size > MAX_TRANSACTIONS) own.delete(own.keys().next().value!);
      this.parts.flow.command = verb;
    }
    if (verb === 'RSIP') this.restarted(message);
    if (verb === 'MDCX') for (const one of connections) this.move(one, ConnectionState.MODIFYING);
    if (verb === 'DLCX') for (const one of connections) this.move(one, ConnectionState.DELETING);
    if (verb === 'CRCX' || verb === 'MDCX') for (const one of connections) this.describe(one, told, true);
  }

  private concerned(message: MgcpMessage): Connection[] {
    const { verb, endpoint, parameters } = message;
    const callId = parameters.get('C') ?? '';
    switch (verb) {
      case 'CRCX': {
        if (callId === '' || this.connections.size >= MAX_CONNECTIONS) return [];
        const { table, now } = this.parts;
        const connection = new Connection(new Call(callId, endpoint, '', now()), endpoint, callId);
        table.add(connection.call);
        this.connections.add(connection);
        this.move(connection, ConnectionState.CREATING);
        return [connection];
      }
      case 'MDCX':
      case 'DLCX': {
        const id = parameters.get('I') ?? '';
        return [...this.connections].filter(
          (one) =>
            isSameEndpoint(one.endpoint, endpoint) &&
            (callId === '' || one.callId === callId) &&
            (id === '' ? verb === 'DLCX' : one.id === id.toLowerCase()),
        );
      }
      default:
        return [];
    }
  }

  /** A gateway that begins anew has no connections (2.3.12). */
  private restarted({ endpoint, parameters }: MgcpMessage): void {
    const method = (parameters.get('RM') ?? '').toLowerCase();
    if (method !== 'restart' && method !== 'forced') return;
    for (const one of [...this.connections]) if (isSameEndpoint(one.endpoint, endpoint)) this.end(one);
  }

  // ── Responses ─────────────────────────────────────────────────────────────────────────────────────────────────

  private response(message: MgcpMessage, told: Told): void {
    const asked = this.transactions[told.side ^ 1]!.get(message.transaction);
    if (asked === undefined || message.code < 100) return;
    const { verb, connections } = asked;
    const isFinal = message.code >= 200;
    const isGranted = message.code < 300;
    this.parts.flow.code = message.code;
    for (const one of connections) {
      if (one.state === ConnectionState.DELETED) continue;
      if (verb === 'CRCX') this.created(one, message);
      if (isGranted && (verb === 'CRCX' || verb === 'MDCX')) this.describe(one, told, false);
      if (isFinal && !asked.isAnswered) this.settle(one, verb, isGranted);
    }
    if (isFinal) asked.isAnswered = true;
  }

  private created(connection: Connection, { parameters }: MgcpMessage): void {
    const id = parameters.get('I');
    if (id !== undefined && connection.id === '') connection.id = id.toLowerCase();
  }

  private settle(connection: Connection, verb: string, isGranted: boolean): void {
    const { call } = connection;
    if (verb === 'CRCX' && !isGranted) {
      call.move('REFUSED', this.parts.now());
      this.end(connection);
    } else if (verb === 'DLCX' && isGranted) {
      this.end(connection);
    } else {
      this.move(connection, ConnectionState.OPEN);
      call.move('ANSWER', this.parts.now());
      call.move('ACK', this.parts.now());
    }
  }

  private end(connection: Connection): void {
    this.parts.media.close(connection.all());
    this.connections.delete(connection);
    connection.call.move('BYE', this.parts.now());
    this.move(connection, ConnectionState.DELETED);
  }

  // ── Media ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What the sender describes: its own media, or in a command those of the gateway at the other end. */
  private describe(connection: Connection, told: Told, isCommand: boolean): void {
    const { entry, side, family, body } = told;
    if (body.start === body.end) return;
    const { sdp, media, flow, flows, loose } = this.parts;
    const trouble = sdp.read(body, family);
    if (trouble !== null) return flows.note(flow, 'note', 'gateway', `no media: ${trouble}`);
    const [first] = sdp.media;
    if (isCommand) connection.remote = first?.address.slice() ?? null;
    const before = connection.pinholes[side]!;
    const known = before.filter((pinhole) => pinhole !== null);
    const opened = media.open({
      entry,
      side,
      streams: sdp.media,
      codecsOf: (stream) => codecsOf(body, stream),
      known,
      owner: connection,
      ...(loose ? { from: connection.remote } : {}),
    });
    media.close(before, opened);
    connection.pinholes[side] = opened;
    if (this.parts.isTranslated()) media.rewrite(body, entry, side, sdp, opened);
    if (isCommand || first === undefined) return;
    const [w0, w1, w2, w3] = first.address;
    flow.address = formatIp(family, w0!, w1!, w2!, w3!);
    flow.port = first.port;
  }

  private move(connection: Connection, state: ConnectionState): void {
    connection.state = state;
    this.parts.flows.state(this.parts.flow, state);
  }
}

/** Names of endpoints may be given in part, by wildcards (2.1.2): one name or all that a `*` or `$` stands for. */
function isSameEndpoint(a: string, b: string): boolean {
  return a === b || isPattern(a, b) || isPattern(b, a);
}

function isPattern(pattern: string, name: string): boolean {
  const [local = '', host] = pattern.split('@');
  const [ownLocal = '', ownHost] = name.split('@');
  if (host !== ownHost) return false;
  const terms = local.split('/');
  const own = ownLocal.split('/');
  return terms.every(
    (term, i) =>
      term === '$' || (term === '*' && (i === terms.length - 1 || own[i] !== undefined)) || term === own[i],
  );
}
