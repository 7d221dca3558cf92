/**
 * One connection to the endpoint mapper: which contexts are bound to it, which calls of ept_map and ept_lookup are under way,
 * and their answers put together from fragments. Whoever listens is told of the towers of a whole answer.
 */
import type { Flow, FlowTable } from '../flow-table.ts';
import { Answer } from './answer.ts';
import { MapperState, MAX_CALLS, MAX_CONTEXTS, MAX_STUB } from './facts.ts';
import {
  FIRST_FRAGMENT,
  LAST_FRAGMENT,
  PduType,
  readContexts,
  readResults,
  requestStub,
  RESPONSE_STUB,
  type OfferedContext,
  type Pdu,
} from './pdu.ts';
import { readLookup, readMap, type Tower } from './towers.ts';

/** e1af8308-5d1f-11c9-91a4-08002b14a0fa, version 3.0. */
const ENDPOINT_MAPPER = 'e1af83085d1f11c991a408002b14a0fa00000003';

interface Operation {
  readonly name: string;
  readonly read: (stub: Uint8Array, isLittle: boolean) => Tower[] | null;
}

/** Those whose answers name ports, by number (C706 O). */
const OPERATIONS: Readonly<Record<number, Operation>> = {
  2: { name: 'ept_lookup', read: readLookup },
  3: { name: 'ept_map', read: readMap },
};

interface MapperCall {
  readonly operation: Operation;
  readonly context: number;
  readonly answer: Answer;
}

export type ToldTowers = (towers: readonly Tower[], answer: Answer) => void;

export class EndpointMapper {
  private readonly flow: Flow;
  private readonly flows: FlowTable;
  private readonly told: ToldTowers;
  /** Offers of binds that wait for an answer, by call. */
  private readonly offers = new Map<number, OfferedContext[]>();
  /** Contexts that are bound to the mapper. */
  private readonly contexts = new Set<number>();
  private readonly calls = new Map<number, MapperCall>();

  constructor(flow: Flow, flows: FlowTable, told: ToldTowers) {
    this.flow = flow;
    this.flows = flows;
    this.told = told;
  }

  ofClient(pdu: Pdu): void {
    switch (pdu.type) {
      case PduType.BIND:
      case PduType.ALTER_CONTEXT:
        return this.bind(pdu);
      case PduType.REQUEST:
        return this.request(pdu);
    }
  }

  ofServer(pdu: Pdu): void {
    switch (pdu.type) {
      case PduType.BIND_ACK:
      case PduType.ALTER_CONTEXT_ANSWER:
        return this.bound(pdu);
      case PduType.BIND_NAK:
        this.offers.delete(pdu.callId);
        return;
      case PduType.FAULT:
        this.calls.delete(pdu.callId);
        return;
      case PduType.RESPONSE:
        return this.response(pdu);
    }
  }

  /** Is that a call whose answer may name ports? */
  isAsked(callId: number): boolean {
    return this.calls.has(callId);
  }

  /** The rest of an answer comes when its beginning has gone on already. */
  giveUp(callId: number): void {
    if (this.calls.delete(callId)) this.note('an answer too long to be translated');
  }

  private bind(pdu: Pdu): void {
    const contexts = readContexts(pdu, MAX_CONTEXTS);
    if (contexts === null) return this.note('contexts that leave their fragment');
    if (this.offers.size >= MAX_CALLS) this.offers.delete(this.offers.keys().next().value!);
    this.offers.set(pdu.callId, contexts);
    if (contexts.some(({ syntax }) => syntax === ENDPOINT_MAPPER)) this.move(MapperState.BINDING);
  }

  private bound(pdu: Pdu): void {
    const offers = this.offers.get(pdu.callId);
    if (offers === undefined) return;
    this.offers.delete(pdu.callId);
    const results = readResults(pdu, MAX_CONTEXTS);
    if (results === null) return this.note('an answer to bind that is none');
    offers.forEach(({ id, syntax }, i) => {
      if (results[i] !== true) return;
      if (syntax !== ENDPOINT_MAPPER) this.contexts.delete(id);
      else if (this.contexts.size < MAX_CONTEXTS) {
        this.contexts.add(id);
        this.move(MapperState.BOUND);
      }
    });
  }

  private request(pdu: Pdu): void {
    if ((pdu.flags & FIRST_FRAGMENT) === 0 || requestStub(pdu) > pdu.end) return;
    const context = pdu.u16(20);
    const operation = OPERATIONS[pdu.u16(22)];
    if (!this.contexts.has(context) || operation === undefined) return;
    this.calls.delete(pdu.callId);
    this.calls.set(pdu.callId, { operation, context, answer: new Answer() });
    if (this.calls.size > MAX_CALLS) this.calls.delete(this.calls.keys().next().value!);
    this.flow.command = operation.name;
    this.move(MapperState.MAPPING);
  }

  private response(pdu: Pdu): void {
    const call = this.calls.get(pdu.callId);
    if (call === undefined) return;
    const isFirst = (pdu.flags & FIRST_FRAGMENT) !== 0;
    const isLast = (pdu.flags & LAST_FRAGMENT) !== 0;
    const { answer, operation } = call;
    const isNext = isFirst === (answer.length === 0);
    if (!isNext || pdu.isPrivate || RESPONSE_STUB > pdu.end || pdu.u16(20) !== call.context) {
      this.calls.delete(pdu.callId);
      return this.note(`an answer of ${operation.name} that can’t be read`);
    }
    answer.add(pdu);
    if (answer.length > MAX_STUB || (answer.length === 0 && !isLast)) {
      this.calls.delete(pdu.callId);
      return this.note(`an answer of ${operation.name} that has no end`);
    }
    if (!isLast) return;
    this.calls.delete(pdu.callId);
    const towers = operation.read(answer.stub, pdu.isLittle);
    if (towers === null) return this.note(`an answer of ${operation.name} that is none`);
    this.move(MapperState.MAPPED);
    this.told(towers, answer);
  }

  private move(state: MapperState): void {
    this.flows.state(this.flow, state);
  }

  private note(text: string): void {
    this.flows.note(this.flow, 'note', 'gateway', `no connection expected: ${text}`);
  }
}
