/** The three helpers of H.323 of one family, which expect connections for each other. */
import type { Family } from '../../netfilter/hook.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { Expecting } from '../expecting.ts';
import type { AlgServices } from '../services.ts';
import { handleControl } from './channels.ts';
import type { H323 } from './conversation.ts';
import { H245, Q931, RAS } from './facts.ts';
import { controlMessage } from './h245-types.ts';
import { LinuxH323, type HandleMessage } from './linux.ts';
import { decode } from './per.ts';
import { handleRas } from './registration.ts';
import { handleSignalling } from './signalling.ts';
import { StrictH323Stream, StrictRas } from './strict.ts';

const handleH245: HandleMessage = (signal, start, end) =>
  handleControl(signal, decode(controlMessage, signal.bytes, start, end));

export interface H323Helpers {
  readonly ras: CtHelper;
  readonly signalling: CtHelper;
  readonly control: CtHelper;
}

export function makeH323(family: Family, services: AlgServices, isStrict: boolean): H323Helpers {
  const [ras, signalling, control] = isStrict
    ? [
        new StrictRas(RAS, family, handleRas),
        new StrictH323Stream(Q931, family, services, handleSignalling),
        new StrictH323Stream(H245, family, services, handleH245),
      ]
    : [
        new LinuxH323(RAS, family, IPPROTO_UDP, handleRas),
        new LinuxH323(Q931, family, IPPROTO_TCP, handleSignalling),
        new LinuxH323(H245, family, IPPROTO_TCP, handleH245),
      ];
  const h323: H323 = {
    family,
    services,
    expecting: new Expecting(services),
    isStrict,
    ras,
    signalling,
    control,
  };
  ras.h323 = h323;
  signalling.h323 = h323;
  control.h323 = h323;
  return { ras, signalling, control };
}
