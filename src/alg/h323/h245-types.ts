/**
 * The messages of H.245 (multimedia system control, Annex A) that open logical channels, as far as the addresses of their
 * media have to be found. What is not described ends the reading.
 */
import {
  anyOctets,
  boolean,
  choice,
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
} from './per.ts';

const u8 = integer(0, 255);
const u16 = integer(0, 65535);
const u32 = integer(0, 4294967295);
const frames = integer(1, 256);
const channelNumber = integer(1, 65535);

const nonStandard = sequence({
  identifier: choice({
    object: objectIdentifier,
    h221NonStandard: sequence({ t35CountryCode: u8, t35Extension: u8, manufacturerCode: u16 }),
  }),
  data: anyOctets,
});

const unicastAddress = choice(
  {
    iPAddress: sequence({ network: octets(4), tsapIdentifier: u16 }, {}),
    iPXAddress: sequence(
      { node: octets(6), netnum: octets(4), tsapIdentifier: (reader) => reader.bits(16) },
      {},
    ),
    iP6Address: sequence({ network: octets(16), tsapIdentifier: u16 }, {}),
    netBios: octets(16),
    iPSourceRouteAddress: undescribed,
  },
  {},
);
const transportAddress = choice({ unicastAddress, multicastAddress: undescribed }, {});

const audioData = choice(
  {
    nonStandard,
    g711Alaw64k: frames,
    g711Alaw56k: frames,
    g711Ulaw64k: frames,
    g711Ulaw56k: frames,
    g72264k: frames,
    g72256k: frames,
    g72248k: frames,
    g7231: sequence({ frames, silenceSuppression: boolean }),
    g728: frames,
    g729: frames,
    g729AnnexA: frames,
    is11172: undescribed,
    is13818: undescribed,
  },
  {},
);
const interval = optional(integer(1, 4));
const pictureInterval = optional(integer(1, 32));
const videoData = choice(
  {
    nonStandard,
    h261: sequence(
      {
        qcifMPI: interval,
        cifMPI: interval,
        tradeOff: boolean,
        maxBitRate: integer(1, 19_200),
        stillImages: boolean,
      },
      {},
    ),
    h262: undescribed,
    h263: sequence(
      {
        sqcifMPI: pictureInterval,
        qcifMPI: pictureInterval,
        cifMPI: pictureInterval,
        cif4MPI: pictureInterval,
        cif16MPI: pictureInterval,
        maxBitRate: integer(1, 192_400),
        unrestrictedVector: boolean,
        arithmeticCoding: boolean,
        advancedPrediction: boolean,
        pbFrames: boolean,
        tradeOff: boolean,
        hrdB: optional(integer(0, 524_287)),
        bppMaxKb: optional(u16),
      },
      {},
    ),
    is11172: undescribed,
  },
  {},
);
const dataProtocol = choice(
  {
    nonStandard,
    v14buffered: nothing,
    v42lapm: nothing,
    hdlcFrameTunnelling: nothing,
    h310SeparateVCStack: nothing,
    h310SingleVCStack: nothing,
    transparent: nothing,
  },
  {
    segmentationAndReassembly: nothing,
    hdlcFrameTunnelingwSAR: nothing,
    v120: nothing,
    separateLANStack: nothing,
  },
);
const data = sequence(
  {
    application: choice(
      {
        nonStandard,
        t120: dataProtocol,
        dsmcc: dataProtocol,
        userData: dataProtocol,
        t84: undescribed,
        t434: dataProtocol,
        h224: dataProtocol,
        nlpid: sequence({ protocol: dataProtocol, data: anyOctets }),
        dsvdControl: nothing,
        h222DataPartitioning: dataProtocol,
      },
      {},
    ),
    maxBitRate: u32,
  },
  {},
);
const dataType = choice(
  {
    nonStandard,
    nullData: nothing,
    videoData,
    audioData,
    data,
    encryptionData: choice({ nonStandard, h233Encryption: nothing }, {}),
  },
  {},
);

const h2250 = sequence(
  {
    nonStandard: optional(sequenceOf(nonStandard)),
    sessionID: u8,
    associatedSessionID: optional(integer(1, 255)),
    mediaChannel: optional(transportAddress),
    mediaGuaranteedDelivery: optional(boolean),
    mediaControlChannel: optional(transportAddress),
    mediaControlGuaranteedDelivery: optional(boolean),
    silenceSuppression: optional(boolean),
    destination: optional(sequence({ mcuNumber: integer(0, 192), terminalNumber: integer(0, 192) }, {})),
    dynamicRTPPayloadType: optional(integer(96, 127)),
    mediaPacketization: optional(choice({ h261a: nothing }, {})),
  },
  {},
);
const h2250Acknowledged = sequence(
  {
    nonStandard: optional(sequenceOf(nonStandard)),
    sessionID: optional(integer(1, 255)),
    mediaChannel: optional(transportAddress),
    mediaControlChannel: optional(transportAddress),
    dynamicRTPPayloadType: optional(integer(96, 127)),
  },
  {},
);

const separateStack = sequence(
  {
    distribution: optional(choice({ unicast: nothing, multicast: nothing }, {})),
    networkAddress: choice(
      { q2931Address: undescribed, e164Address: text(1, 128, 4), localAreaAddress: transportAddress },
      {},
    ),
    associateConference: boolean,
    externalReference: optional(text(1, 255)),
  },
  {},
);

export const openLogicalChannel = sequence(
  {
    forwardLogicalChannelNumber: channelNumber,
    forward: sequence(
      {
        portNumber: optional(u16),
        dataType,
        multiplexParameters: choice(
          { h222: undescribed, h223: undescribed, v76: undescribed },
          { h2250, none: nothing },
        ),
      },
      {},
    ),
    reverse: optional(
      sequence(
        {
          dataType,
          multiplexParameters: optional(choice({ h223: undescribed, v76: undescribed }, { h2250 })),
        },
        {},
      ),
    ),
  },
  { separateStack },
);

const openLogicalChannelAck = sequence(
  {
    forwardLogicalChannelNumber: channelNumber,
    reverse: optional(
      sequence(
        {
          reverseLogicalChannelNumber: channelNumber,
          portNumber: optional(u16),
          multiplexParameters: optional(choice({ h222: undescribed }, { h2250 })),
        },
        {},
      ),
    ),
  },
  { separateStack, forwardAck: choice({ h2250: h2250Acknowledged }, {}) },
);

/** Alternatives of which nothing is needed, up to so many. */
function others(from: number, to: number): Record<string, typeof skipped> {
  return Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`other${from + i}`, skipped]));
}

export const controlMessage = choice(
  {
    request: choice({ ...others(0, 3), openLogicalChannel, ...others(4, 11) }, {}),
    response: choice({ ...others(0, 5), openLogicalChannelAck, ...others(6, 19) }, {}),
    command: skipped,
    indication: skipped,
  },
  {},
);
