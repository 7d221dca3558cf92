/**
 * The messages of H.225.0 (12/2009), as far as addresses in them have to be found: call signalling (7.3) and RAS (7.6). What
 * stands in extensions behind the last address is passed over; what is not described ends the reading.
 */
import { openLogicalChannel, controlMessage } from './h245-types.ts';
import {
  anyOctets,
  boolean,
  choice,
  containing,
  integer,
  nothing,
  objectIdentifier,
  octets,
  optional,
  sequence,
  sequenceOf,
  skipped,
  text,
  undescribed,
  type PerType,
} from './per.ts';

const u8 = integer(0, 255);
const u16 = integer(0, 65535);
const u32 = integer(0, 4294967295);

const h221NonStandard = sequence({ t35CountryCode: u8, t35Extension: u8, manufacturerCode: u16 }, {});
const nonStandard = sequence({
  identifier: choice({ object: objectIdentifier, h221NonStandard }, {}),
  data: anyOctets,
});
const nonStandardOnly = sequence({ nonStandardData: optional(nonStandard) }, {});

const transportAddress = choice(
  {
    ipAddress: sequence({ ip: octets(4), port: u16 }),
    ipSourceRoute: sequence(
      {
        ip: octets(4),
        port: u16,
        route: sequenceOf(octets(4)),
        routing: choice({ strict: nothing, loose: nothing }, {}),
      },
      {},
    ),
    ipxAddress: sequence({ node: octets(6), netnum: octets(4), port: (reader) => reader.bits(16) }),
    ip6Address: sequence({ ip: octets(16), port: u16 }, {}),
    netBios: octets(16),
    nsap: text(1, 20),
    nonStandardAddress: nonStandard,
  },
  {},
);

const aliasAddress = choice({ dialledDigits: text(1, 128, 4), h323ID: text(1, 256, 16) }, {});
const aliases = sequenceOf(aliasAddress);
const identifier = text(1, 128, 16);

const vendor = sequence(
  { vendor: h221NonStandard, productId: optional(text(1, 256)), versionId: optional(text(1, 256)) },
  {},
);
const supportedProtocols = choice(
  {
    nonStandardData: nonStandard,
    h310: nonStandardOnly,
    h320: nonStandardOnly,
    h321: nonStandardOnly,
    h322: nonStandardOnly,
    h323: nonStandardOnly,
    h324: nonStandardOnly,
    voice: nonStandardOnly,
    t120Only: nonStandardOnly,
  },
  {},
);
const endpointType = sequence(
  {
    nonStandardData: optional(nonStandard),
    vendor: optional(vendor),
    gatekeeper: optional(nonStandardOnly),
    gateway: optional(
      sequence(
        { protocol: optional(sequenceOf(supportedProtocols)), nonStandardData: optional(nonStandard) },
        {},
      ),
    ),
    mcu: optional(nonStandardOnly),
    terminal: optional(nonStandardOnly),
    mc: boolean,
    undefinedNode: boolean,
  },
  {},
);
const qseriesOptions = sequence(
  {
    q932: boolean,
    q951: boolean,
    q952: boolean,
    q953: boolean,
    q955: boolean,
    q956: boolean,
    q957: boolean,
    q954: sequence({ conferenceCalling: boolean, threePartyService: boolean }, {}),
  },
  {},
);
const callType = choice({ pointToPoint: nothing, oneToN: nothing, nToOne: nothing, nToN: nothing }, {});
const callModel = choice({ direct: nothing, gatekeeperRouted: nothing }, {});
const guid = octets(16);

// ── Call signalling ─────────────────────────────────────────────────────────────────────────────────────────────────

const fastStart = sequenceOf(containing(openLogicalChannel));
/** Of answers: where the callee can be reached, and in the extensions what he offers. */
const answerExtensions = {
  callIdentifier: skipped,
  h245SecurityMode: skipped,
  tokens: skipped,
  cryptoTokens: skipped,
  fastStart,
};
const answer = sequence(
  {
    protocolIdentifier: objectIdentifier,
    destinationInfo: endpointType,
    h245Address: optional(transportAddress),
  },
  answerExtensions,
);
const setup = sequence(
  {
    protocolIdentifier: objectIdentifier,
    h245Address: optional(transportAddress),
    sourceAddress: optional(aliases),
    sourceInfo: endpointType,
    destinationAddress: optional(aliases),
    destCallSignalAddress: optional(transportAddress),
    destExtraCallInfo: optional(aliases),
    destExtraCRV: optional(sequenceOf(u16)),
    activeMC: boolean,
    conferenceID: guid,
    conferenceGoal: choice({ create: nothing, join: nothing, invite: nothing }, {}),
    callServices: optional(qseriesOptions),
    callType,
  },
  {
    sourceCallSignalAddress: transportAddress,
    remoteExtensionAddress: skipped,
    callIdentifier: skipped,
    h245SecurityCapability: skipped,
    tokens: skipped,
    cryptoTokens: skipped,
    fastStart,
  },
);
const connect = sequence(
  {
    protocolIdentifier: objectIdentifier,
    h245Address: optional(transportAddress),
    destinationInfo: endpointType,
    conferenceID: guid,
  },
  answerExtensions,
);
const facility = sequence(
  {
    protocolIdentifier: objectIdentifier,
    alternativeAddress: optional(transportAddress),
    alternativeAliasAddress: optional(aliases),
    conferenceID: optional(guid),
    reason: choice(
      {
        routeCallToGatekeeper: nothing,
        callForwarded: nothing,
        routeCallToMC: nothing,
        undefinedReason: nothing,
      },
      {},
    ),
  },
  {
    callIdentifier: skipped,
    destExtraCallInfo: skipped,
    remoteExtensionAddress: skipped,
    tokens: skipped,
    cryptoTokens: skipped,
    conferences: skipped,
    h245Address: transportAddress,
    fastStart,
  },
);
const progress = sequence(
  {
    protocolIdentifier: objectIdentifier,
    destinationInfo: endpointType,
    h245Address: optional(transportAddress),
    callIdentifier: sequence({ guid }, {}),
    h245SecurityMode: optional(undescribed),
    tokens: optional(undescribed),
    cryptoTokens: optional(undescribed),
    fastStart: optional(fastStart),
  },
  {},
);
/** Nothing in them is looked at, but what stands behind them is. */
const identified = sequence({ protocolIdentifier: objectIdentifier }, {});
const release = sequence({ protocolIdentifier: objectIdentifier, reason: optional(releaseReason()) }, {});

function releaseReason(): PerType {
  const names = Array.from({ length: 12 }, (_, i) => [`reason${i}`, nothing] as const);
  return choice(Object.fromEntries(names), {});
}

export const userInformation = sequence(
  {
    pdu: sequence(
      {
        body: choice(
          {
            setup,
            callProceeding: answer,
            connect,
            alerting: answer,
            information: identified,
            releaseComplete: release,
            facility,
          },
          { progress },
        ),
        nonStandardData: optional(nonStandard),
      },
      {
        h4501SupplementaryService: skipped,
        h245Tunnelling: skipped,
        h245Control: sequenceOf(containing(controlMessage)),
      },
    ),
    userData: optional(undescribed),
  },
  {},
);

// ── RAS ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const requestNumber = integer(1, 65535);
const addresses = sequenceOf(transportAddress);
const beginning = {
  requestSeqNum: requestNumber,
  protocolIdentifier: objectIdentifier,
  nonStandardData: optional(nonStandard),
};
/** INTEGER(1..4294967295): the octets of what it is more than 1. */
const timeToLive: PerType = (reader) => reader.octets(reader.bits(2) + 1);

export const rasMessage = choice(
  {
    gatekeeperRequest: sequence(
      {
        ...beginning,
        rasAddress: transportAddress,
        endpointType,
        gatekeeperIdentifier: optional(identifier),
        callServices: optional(qseriesOptions),
        endpointAlias: optional(aliases),
      },
      {},
    ),
    gatekeeperConfirm: sequence(
      { ...beginning, gatekeeperIdentifier: optional(identifier), rasAddress: transportAddress },
      {},
    ),
    gatekeeperReject: skipped,
    registrationRequest: sequence(
      {
        ...beginning,
        discoveryComplete: boolean,
        callSignalAddress: addresses,
        rasAddress: addresses,
        terminalType: endpointType,
        terminalAlias: optional(aliases),
        gatekeeperIdentifier: optional(identifier),
        endpointVendor: vendor,
      },
      { alternateEndpoints: skipped, timeToLive },
    ),
    registrationConfirm: sequence(
      {
        ...beginning,
        callSignalAddress: addresses,
        terminalAlias: optional(aliases),
        gatekeeperIdentifier: optional(identifier),
        endpointIdentifier: identifier,
      },
      { alternateGatekeeper: skipped, timeToLive },
    ),
    registrationReject: skipped,
    unregistrationRequest: sequence(
      {
        requestSeqNum: requestNumber,
        callSignalAddress: addresses,
        endpointAlias: optional(aliases),
        nonStandardData: optional(nonStandard),
        endpointIdentifier: optional(identifier),
      },
      {},
    ),
    unregistrationConfirm: skipped,
    unregistrationReject: skipped,
    admissionRequest: sequence(
      {
        requestSeqNum: requestNumber,
        callType,
        callModel: optional(callModel),
        endpointIdentifier: identifier,
        destinationInfo: optional(aliases),
        destCallSignalAddress: optional(transportAddress),
        destExtraCallInfo: optional(aliases),
        srcInfo: aliases,
        srcCallSignalAddress: optional(transportAddress),
        bandWidth: u32,
        callReferenceValue: u16,
        nonStandardData: optional(nonStandard),
        callServices: optional(qseriesOptions),
        conferenceID: guid,
        activeMC: boolean,
        answerCall: boolean,
      },
      {},
    ),
    admissionConfirm: sequence(
      {
        requestSeqNum: requestNumber,
        bandWidth: u32,
        callModel,
        destCallSignalAddress: transportAddress,
        irrFrequency: optional(requestNumber),
        nonStandardData: optional(nonStandard),
      },
      {},
    ),
    admissionReject: skipped,
    bandwidthRequest: skipped,
    bandwidthConfirm: skipped,
    bandwidthReject: skipped,
    disengageRequest: skipped,
    disengageConfirm: skipped,
    disengageReject: skipped,
    locationRequest: sequence(
      {
        requestSeqNum: requestNumber,
        endpointIdentifier: optional(identifier),
        destinationInfo: aliases,
        nonStandardData: optional(nonStandard),
        replyAddress: transportAddress,
      },
      {},
    ),
    locationConfirm: sequence(
      {
        requestSeqNum: requestNumber,
        callSignalAddress: transportAddress,
        rasAddress: transportAddress,
        nonStandardData: optional(nonStandard),
      },
      {},
    ),
    locationReject: skipped,
    infoRequest: skipped,
    infoRequestResponse: sequence(
      {
        nonStandardData: optional(nonStandard),
        requestSeqNum: requestNumber,
        endpointType,
        endpointIdentifier: identifier,
        rasAddress: transportAddress,
        callSignalAddress: addresses,
        endpointAlias: optional(aliases),
        perCallInfo: optional(undescribed),
      },
      {},
    ),
    nonStandardMessage: skipped,
    unknownMessageResponse: skipped,
  },
  {},
);
