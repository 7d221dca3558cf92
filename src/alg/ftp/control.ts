/**
 * One FTP control connection as a state machine: commands and replies in, pinholes opened and closed. It sees lines,
 * each once and in order (stream-view.ts, line-reader.ts), and has the replies matched with the commands that they
 * answer, however many were sent ahead. What opening a pinhole means under address translation is data-port.ts.
 *
 * Sources: RFC 959, 2428, 4217; the order of states is that of states.ts.
 */
import { formatIp } from '../../wire/address.ts';
import type { Address } from '../address.ts';
import type { Flow, FlowTable } from '../flow-table.ts';
import { printable } from '../byte-text.ts';
import type { LineProtocol } from '../line-connection.ts';
import type { Line } from '../line-reader.ts';
import {
  CommandKind,
  mayNamePort,
  mayNameServerPort,
  readCommand,
  type Command,
  type CommandSpec,
} from './commands.ts';
import type { DataPort, DataPorts } from './data-port.ts';
import { MAX_PENDING } from './facts.ts';
import { readExtendedPassive, readExtendedPort, readPassive, readPort, type HostPort } from './numbers.ts';
import { isNegative, isPositive, isPreliminary, ReplyReader } from './replies.ts';
import { FtpForm } from './rewrite.ts';
import { FtpState, moved, type FtpEvent } from './states.ts';

const PASSIVE_REPLY = 227;
const EXTENDED_PASSIVE_REPLY = 229;
const SERVICE_CLOSING = 421;

const CLIENT = 0;
const SERVER = 1;

/** One negotiation: an entry of the flow table, as the articles call it. */
interface Negotiation {
  readonly form: FtpForm;
  state: FtpState;
  port: DataPort | null;
  /** The transfer command was sent before the port was granted. */
  isAwaited: boolean;
}

interface Pending {
  readonly spec: CommandSpec;
  readonly negotiation: Negotiation | null;
  readonly isEpsvAll: boolean;
}

export class FtpControl implements LineProtocol {
  /** Nothing more is looked at. */
  isOver = false;
  private readonly flow: Flow;
  private readonly flows: FlowTable;
  private readonly ports: DataPorts;
  private readonly replies = new ReplyReader();
  private readonly pending: Pending[] = [];
  private negotiation: Negotiation | null = null;
  private onlyEpsv = false;

  constructor(flow: Flow, flows: FlowTable, ports: DataPorts) {
    this.flow = flow;
    this.flows = flows;
    this.ports = ports;
  }

  line(side: number, line: Line): void {
    if (this.isOver) return;
    if (side === CLIENT) this.client(line);
    else this.server(line);
  }

  /** The server's lines only while a reply is to come that names its port. */
  mayEdit(side: number): boolean {
    if (!this.ports.isTranslated) return false;
    return side === CLIENT || this.pending.some(asksForPort);
  }

  mayChange(side: number, partial: string): boolean {
    return side === CLIENT ? mayNamePort(partial) : mayNameServerPort(partial);
  }

  private client(line: Line): void {
    const command = readCommand(line);
    if (command === null) {
      if (this.flows.wanted) this.note(`no command: ${printable(line.text)}`);
      return;
    }
    if (this.flows.wanted)
      this.flows.note(this.flow, 'message', 'client', hidden(command, line), line.packet);
    const { spec } = command;
    const { kind, form } = spec;
    let negotiation: Negotiation | null = null;
    let isEpsvAll = false;
    if (kind === CommandKind.OPENING) {
      isEpsvAll = form === FtpForm.EPSV && argumentOf(command, line).toUpperCase() === 'ALL';
      if (!isEpsvAll) negotiation = this.begin(form!, command, line);
    } else if (kind === CommandKind.TRANSFER) {
      negotiation = this.transfer();
    }
    if (this.pending.length >= MAX_PENDING) return this.stepAside('too many commands without a reply');
    this.pending.push({ spec, negotiation, isEpsvAll });
  }

  private server(line: Line): void {
    const code = this.replies.take(line);
    if (this.flows.wanted) this.flows.note(this.flow, 'message', 'server', printable(line.text), line.packet);
    if (code === 0) return;
    if (isPreliminary(code)) return this.preliminary(code);
    if (code === SERVICE_CLOSING) return this.stepAside('the server closes the connection');
    const command = this.pending.shift();
    // The greeting, and what nobody asked for.
    if (command === undefined) return;
    this.answer(command, code, line);
  }

  /** Lines of a side were lost: replies can't be matched with commands any more. */
  lost(): void {
    this.replies.reset();
    this.pending.length = 0;
    this.leave('REPLACED');
  }

  // ── Commands ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** PORT, EPRT, PASV, EPSV: OPENING. Null when no data connection may come of it. */
  private begin(form: FtpForm, command: Command, line: Line): Negotiation | null {
    this.leave('REPLACED');
    if (this.onlyEpsv && form !== FtpForm.EPSV) {
      return this.refuse(`${command.spec.verb} after EPSV ALL`);
    }
    const isClients = form === FtpForm.PORT || form === FtpForm.EPRT;
    let port: DataPort | null = null;
    if (isClients) {
      const { family } = this.ports;
      const named =
        form === FtpForm.PORT
          ? readPort(line, command.argument)
          : readExtendedPort(line, command.argument, family);
      port = this.accept(CLIENT, form, named, line);
      if (port === null) return null;
    }
    const negotiation: Negotiation = { form, state: FtpState.OPENING, port, isAwaited: false };
    this.negotiation = negotiation;
    this.flow.command = command.spec.verb;
    this.flow.code = 0;
    this.show(port);
    this.flows.state(this.flow, negotiation.state);
    return negotiation;
  }

  /** A command that moves data, over the connection negotiated last. */
  private transfer(): Negotiation | null {
    const { negotiation } = this;
    if (negotiation === null) return null;
    if (negotiation.state === FtpState.OPENING) negotiation.isAwaited = true;
    else this.move(negotiation, 'TRANSFER');
    return negotiation;
  }

  // ── Replies ───────────────────────────────────────────────────────────────────────────────────────────────────

  private preliminary(code: number): void {
    const command = this.pending[0];
    if (command?.spec.kind !== CommandKind.TRANSFER || command.negotiation === null) return;
    this.code(command.negotiation, code);
    this.move(command.negotiation, 'PRELIMINARY');
  }

  private answer(command: Pending, code: number, line: Line): void {
    const { negotiation, spec } = command;
    const isGood = isPositive(code);
    switch (spec.kind) {
      case CommandKind.OPENING:
        if (command.isEpsvAll && isGood) this.onlyEpsv = true;
        if (negotiation !== null) this.grant(negotiation, code, line);
        return;
      case CommandKind.TRANSFER:
        if (negotiation === null) return;
        this.code(negotiation, code);
        if (isGood) this.move(negotiation, 'COMPLETED');
        else if (isNegative(code)) this.move(negotiation, 'REFUSED');
        return;
      case CommandKind.SECURITY:
        if (isGood) this.stepAside(`${spec.verb}: from here on the connection is protected`);
        return;
      case CommandKind.REINITIALIZE:
        if (!isGood) return;
        this.leave('REPLACED');
        this.onlyEpsv = false;
        return;
      case CommandKind.QUIT:
      case CommandKind.OTHER:
        return;
    }
  }

  /** The reply to PORT, PASV …: OPENED, or the end of it. */
  private grant(negotiation: Negotiation, code: number, line: Line): void {
    if (negotiation.state !== FtpState.OPENING) return;
    this.code(negotiation, code);
    if (!isPositive(code)) return this.move(negotiation, 'REFUSED');
    if (negotiation.port === null) {
      const { form } = negotiation;
      const named = form === FtpForm.PASV ? passive(code, line) : extendedPassive(code, line);
      negotiation.port = this.accept(SERVER, form, named, line);
      if (negotiation.port === null) return this.move(negotiation, 'REFUSED');
      this.show(negotiation.port);
      this.ports.open(negotiation.port);
    }
    this.move(negotiation, 'GRANTED');
    if (negotiation.isAwaited) this.move(negotiation, 'TRANSFER');
  }

  // ── Moves ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private move(negotiation: Negotiation, event: FtpEvent): void {
    const before = negotiation.state;
    negotiation.state = moved(before, event);
    if (negotiation.state === before) return;
    const { state, port, form } = negotiation;
    // The client's port is opened only now: nothing comes to it before a transfer was asked for.
    if (state === FtpState.CMD_SENT && (form === FtpForm.PORT || form === FtpForm.EPRT)) {
      this.ports.open(port!);
    }
    const isOver = state === FtpState.EXEC_COMP || state === FtpState.GONE;
    if (isOver && port !== null) this.ports.close(port);
    if (this.negotiation !== negotiation) return;
    if (isOver) this.negotiation = null;
    this.flows.state(this.flow, state);
  }

  private leave(event: FtpEvent): void {
    if (this.negotiation !== null) this.move(this.negotiation, event);
  }

  /** The port that a side named, if it may be used. */
  private accept(side: number, form: FtpForm, named: HostPort | null, line: Line): DataPort | null {
    if (named === null) return this.refuse('malformed, or of another family');
    const port = this.ports.make(side, form, named, line);
    return typeof port === 'string' ? this.refuse(port) : port;
  }

  private refuse(why: string): null {
    this.note(`no data connection: ${why}`);
    return null;
  }

  private stepAside(why: string): void {
    this.leave('REPLACED');
    this.isOver = true;
    this.note(`steps aside: ${why}`);
  }

  // ── The row ───────────────────────────────────────────────────────────────────────────────────────────────────

  private code(negotiation: Negotiation, code: number): void {
    if (this.negotiation === negotiation) this.flow.code = code;
  }

  private show(port: DataPort | null): void {
    this.flow.address = port === null ? '' : textOf(this.ports.family, port.address);
    this.flow.port = port === null ? 0 : port.port;
  }

  private note(text: string): void {
    if (this.flows.wanted) this.flows.note(this.flow, 'note', 'gateway', text);
  }
}

function asksForPort({ spec: { form } }: Pending): boolean {
  return form === FtpForm.PASV || form === FtpForm.EPSV;
}

function passive(code: number, line: Line): HostPort | null {
  return code === PASSIVE_REPLY ? readPassive(line) : null;
}

function extendedPassive(code: number, line: Line): HostPort | null {
  return code === EXTENDED_PASSIVE_REPLY ? readExtendedPassive(line) : null;
}

function argumentOf({ argument }: Command, { text }: Line): string {
  return text.slice(argument).trim();
}

function textOf(family: number, address: Address): string {
  return formatIp(family, address[0]!, address[1]!, address[2]!, address[3]!);
}

/** Passwords are nobody's business. */
function hidden({ spec, start }: Command, { text }: Line): string {
  return spec.verb === 'PASS' ? 'PASS …' : printable(text.slice(start));
}
