/**
 * The calls of one connection: INVITE and what follows, by Call-ID. Each message moves the call (call-table.ts) and, where
 * it carries a session description, the pinholes of the one who sends it: an offer opens beside what stands, the final
 * answer keeps the new and closes the old, a refusal the other way round (RFC 3264, RFC 3261 14). The end of the call
 * closes all.
 */
import { formatIp } from '../../wire/address.ts';
import type { Flow, FlowTable } from '../flow-table.ts';
import { Call, type CallEvent, type CallTable } from '../media/call-table.ts';
import { MAX_CALLS } from './facts.ts';
import type { SipHead } from './grammar.ts';
import type { StrictMessage } from './strict-message.ts';
import type { MediaPorts, Pinhole } from '../media/media-ports.ts';
import { codecsOf, readSdp } from '../media/sdp.ts';

const CARRIES_SDP = new Set(['INVITE', 'ACK', 'PRACK', 'UPDATE']);
const RINGING_CODE = 180;
const REQUEST_TERMINATED = 487;

type Pinholes = readonly (Pinhole | null)[];
type Sides = [Pinholes, Pinholes];

/** Whose a message is. */
export interface Origin {
  readonly entry: number;
  readonly direction: number;
  readonly family: 4 | 6;
}

class Dialog {
  readonly call: Call;
  /** What holds, and what is offered beside it; by side. */
  current: Sides = [[], []];
  offered: (Pinholes | null)[] = [null, null];
  /** Of the INVITE or UPDATE under way. */
  cseq = -1;

  constructor(call: Call) {
    this.call = call;
  }

  readonly all = (): Pinholes => [
    ...(this.offered[0] ?? []),
    ...(this.offered[1] ?? []),
    ...this.current[0],
    ...this.current[1],
  ];
}

export class Dialogs {
  private readonly flow: Flow;
  private readonly flows: FlowTable;
  private readonly table: CallTable;
  private readonly media: MediaPorts;
  private readonly isTranslated: () => boolean;
  private readonly now: () => number;
  private readonly dialogs = new Map<string, Dialog>();

  constructor(
    flow: Flow,
    flows: FlowTable,
    table: CallTable,
    media: MediaPorts,
    isTranslated: () => boolean,
    now: () => number,
  ) {
    this.flow = flow;
    this.flows = flows;
    this.table = table;
    this.media = media;
    this.isTranslated = isTranslated;
    this.now = now;
  }

  /** A message; its body is rewritten. */
  take(message: StrictMessage, origin: Origin): void {
    const { head } = message;
    const dialog = this.dialogOf(head);
    if (dialog === null) return;
    if (head.code === 0) this.request(dialog, message, origin);
    else this.response(dialog, message, origin);
    if (!dialog.call.isOver) return;
    this.dialogs.delete(head.callId);
  }

  private dialogOf(head: SipHead): Dialog | null {
    const known = this.dialogs.get(head.callId);
    if (known !== undefined) return known;
    if (head.method !== 'INVITE' || head.code !== 0 || this.dialogs.size >= MAX_CALLS) return null;
    const dialog = new Dialog(new Call(head.callId, head.from, head.to, this.now()));
    this.dialogs.set(head.callId, dialog);
    this.table.add(dialog.call);
    this.flow.command = 'INVITE';
    this.show(dialog);
    return dialog;
  }

  private request(dialog: Dialog, message: StrictMessage, origin: Origin): void {
    const { head } = message;
    switch (head.method) {
      case 'CANCEL':
        dialog.call.isCancelled = true;
        return;
      case 'BYE':
        this.move(dialog, 'BYE');
        this.closeAll(dialog);
        return;
      case 'ACK':
        this.move(dialog, 'ACK');
        break;
      case 'INVITE':
      case 'UPDATE':
        dialog.cseq = head.cseq;
        break;
    }
    if (CARRIES_SDP.has(head.method)) this.describe(dialog, message, origin);
  }

  private response(dialog: Dialog, message: StrictMessage, origin: Origin): void {
    const { head } = message;
    const { method, code } = head;
    if (!CARRIES_SDP.has(method)) return;
    const isInvite = method === 'INVITE';
    if (isInvite) this.flow.code = code;
    if (code < 300) this.describe(dialog, message, origin);
    if (code < 200) {
      if (isInvite && code >= RINGING_CODE) this.move(dialog, 'RINGING');
      return;
    }
    if (method === 'PRACK') return;
    if (code < 300) {
      if (isInvite) dialog.call.code = code;
      this.settle(dialog, true);
      if (isInvite) this.move(dialog, 'ANSWER');
    } else if (head.cseq === dialog.cseq) {
      this.refused(dialog, head);
    }
  }

  /** A call that never stood is over; one that stands goes on as before. */
  private refused(dialog: Dialog, { method, code }: SipHead): void {
    const { call } = dialog;
    this.settle(dialog, false);
    if (method !== 'INVITE' || call.answerUs !== 0) return;
    call.code = code;
    this.move(dialog, call.isCancelled && code === REQUEST_TERMINATED ? 'REFUSED_AFTER_CANCEL' : 'REFUSED');
    this.closeAll(dialog);
  }

  // ── Media ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private describe(dialog: Dialog, message: StrictMessage, origin: Origin): void {
    const { entry, direction, family } = origin;
    if (!message.head.isSdp || message.body.length === 0) return;
    const { body } = message;
    const sdp = readSdp(body, family);
    if (typeof sdp === 'string') return this.note(`no media: ${sdp}`);
    const known = [...dialog.current[direction]!, ...(dialog.offered[direction] ?? [])].filter(
      (pinhole) => pinhole !== null,
    );
    const opened = this.media.open({
      entry,
      side: direction,
      sdp,
      codecsOf: (stream) => codecsOf(body, stream),
      known,
      call: dialog.call,
      all: dialog.all,
    });
    this.media.close(dialog.offered[direction] ?? [], [...opened, ...dialog.current[direction]!]);
    dialog.offered[direction] = opened;
    const first = sdp.media.find((_, i) => opened[i] !== null);
    if (first !== undefined) {
      const [w0, w1, w2, w3] = first.address;
      this.flow.address = formatIp(family, w0!, w1!, w2!, w3!);
      this.flow.port = first.port;
    }
    if (this.isTranslated()) this.media.rewrite(body, entry, direction, sdp, opened);
  }

  /** The exchange of offer and answer is over: what was offered holds, or goes. */
  private settle(dialog: Dialog, isAgreed: boolean): void {
    for (const side of [0, 1] as const) {
      const offered = dialog.offered[side] ?? null;
      dialog.offered[side] = null;
      if (offered === null) continue;
      const before = dialog.current[side];
      if (isAgreed) {
        dialog.current[side] = offered;
        this.media.close(before, offered);
      } else {
        this.media.close(offered, before);
      }
    }
  }

  private closeAll(dialog: Dialog): void {
    this.media.close(dialog.all());
    dialog.current = [[], []];
    dialog.offered = [null, null];
  }

  // ── The row ───────────────────────────────────────────────────────────────────────────────────────────────────

  private move(dialog: Dialog, event: CallEvent): void {
    if (dialog.call.move(event, this.now())) this.show(dialog);
  }

  private show({ call }: Dialog): void {
    this.flows.state(this.flow, call.state);
  }

  private note(text: string): void {
    this.flows.note(this.flow, 'note', 'gateway', text);
  }
}
