/**
 * SIP registrations (RFC 3261 10): who registers can be called, so a connection from the registrar's side to the contact
 * named is expected, inactive until the registrar has agreed, and for as long as it says. Third parties are not
 * registered for. What is returned is null, or why the message must not go on. Source: nf_conntrack_sip.
 */
import { CtStatus } from '../../netfilter/conntrack/ct-info.ts';
import { Entered, ExpectFlag } from '../../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { destinationOf, sameAddress } from '../address.ts';
import type { EditedText } from '../edited-text.ts';
import type { Expecting } from '../expecting.ts';
import type { AlgServices } from '../services.ts';
import type { ConnectionState, Context } from './context.ts';
import {
  findHeader,
  findUri,
  Header,
  isFound,
  numberParameter,
  transportParameter,
  UriWalk,
  type Uri,
} from './kernel-text.ts';
import { numberAt } from '../text-search.ts';
import { MediaClass } from '../media/classes.ts';
import type { SipNat } from './nat.ts';

const SECOND_US = 1_000_000;

export interface RegistrationState extends ConnectionState {
  /** Of the REGISTER last let through; -1 for none. */
  registerCseq: number;
}

export interface RegistrationContext extends Context {
  readonly state: RegistrationState;
}

export class Registrations {
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly nat: SipNat;
  private readonly helper: CtHelper;

  constructor(services: AlgServices, expecting: Expecting, nat: SipNat, helper: CtHelper) {
    this.services = services;
    this.expecting = expecting;
    this.nat = nat;
    this.helper = helper;
  }

  /** A REGISTER: a place is kept for whoever calls. */
  request(context: RegistrationContext, cseq: number): string | null {
    const { message: text, entry, ends, state, family } = context;
    if (this.services.conntrack.status[entry]! & CtStatus.EXPECTED) return null;
    const contact = findUri(text, 0, Header.CONTACT, family);
    if (contact === null || !sameAddress(contact.address, ends.sender.address)) {
      return null;
    }
    const expires = this.expiry(text, contact, expiresHeader(text, family));
    if (expires === null) return null;
    if (expires === 'broken') return 'cannot parse expires';
    if (expires !== 0) {
      const trouble = this.expectSignalling(context, contact);
      if (trouble !== null) return trouble;
    }
    state.registerCseq = cseq;
    return null;
  }

  /** Seconds that a binding is for, by its parameter or the header; -1 for unsaid. Null: over another transport. */
  private expiry(text: EditedText, contact: Uri, header: number): number | 'broken' | null {
    const behind = contact.at + contact.length;
    const transport = transportParameter(text, behind);
    const own = this.helper.proto === IPPROTO_TCP ? 'TCP' : 'UDP';
    if (transport !== null && transport !== own) return null;
    const parameter = numberParameter(text, behind, 'expires=');
    return parameter === 'broken' ? 'broken' : (parameter?.value ?? header);
  }

  private expectSignalling(context: Context, contact: Uri): string | null {
    const { entry, ends, family } = context;
    const { expecting } = this;
    const expectation = expecting.make(
      entry,
      this.helper,
      {
        family,
        proto: this.helper.proto,
        from: ends.receiver.seen,
        to: contact.address,
        toPort: contact.port,
      },
      MediaClass.SIGNALLING,
    );
    expectation.helper = this.helper;
    expectation.flags = ExpectFlag.PERMANENT | ExpectFlag.INACTIVE;
    if (expecting.isTranslated(entry)) {
      return this.nat.signalling(context, expectation, contact);
    }
    if (expecting.enter(expectation) === Entered.OK) return null;
    return 'cannot add expectation';
  }

  /** The response to one: the place is opened for as long as the registrar says, or goes. */
  response(context: RegistrationContext, cseq: number, code: number): string | null {
    const { message: text, entry, ends, state, family } = context;
    if (state.registerCseq !== cseq || (code >= 100 && code <= 199)) return null;
    if (code >= 200 && code <= 299) {
      const header = expiresHeader(text, family);
      const walk = new UriWalk();
      for (;;) {
        const contact = walk.next(text, Header.CONTACT, family);
        if (contact === null) break;
        if (!sameAddress(contact.address, ends.receiver.address)) continue;
        const expires = this.expiry(text, contact, header);
        if (expires === null) continue;
        if (expires === 'broken') return 'cannot parse expires';
        if (expires <= 0) break;
        if (this.refreshSignalling(entry, contact, expires)) return null;
      }
    }
    this.flush(entry);
    return null;
  }

  private refreshSignalling(entry: number, contact: Uri, expires: number): boolean {
    for (const expectation of this.services.conntrack.expectations.of(entry)) {
      const { tuple, policyClass } = expectation;
      if (policyClass !== MediaClass.SIGNALLING || tuple.proto !== this.helper.proto) continue;
      if (tuple.dstId !== contact.port || !sameAddress(destinationOf(tuple), contact.address)) continue;
      expectation.deadline = this.services.clock.now + expires * SECOND_US;
      expectation.flags &= ~ExpectFlag.INACTIVE;
      return true;
    }
    return false;
  }

  private flush(entry: number): void {
    const { expectations } = this.services.conntrack;
    for (const expectation of [...expectations.of(entry)]) {
      if (expectation.policyClass === MediaClass.SIGNALLING) expectations.remove(expectation);
    }
  }
}

function expiresHeader(text: EditedText, family: number): number {
  const found = findHeader(text, 0, Header.EXPIRES, family);
  return isFound(found) ? numberAt(text, found.at) : 0;
}
