/**
 * The messages of PPTP's control connection (RFC 2637 2): a header of twelve bytes, then fields at fixed places. Offsets
 * count from the first byte behind the header.
 *
 *     0        2       4             8               10         12
 *     │ length │ type  │ magic cookie │ message type │ reserved │ fields …
 */

export const HEADER_LENGTH = 12;
export const CONTROL_MESSAGE = 1;
export const MAGIC_COOKIE = 0x1a2b3c4d;

export const PptpType = {
  START_REQUEST: 1,
  START_REPLY: 2,
  STOP_REQUEST: 3,
  STOP_REPLY: 4,
  ECHO_REQUEST: 5,
  ECHO_REPLY: 6,
  OUT_CALL_REQUEST: 7,
  OUT_CALL_REPLY: 8,
  IN_CALL_REQUEST: 9,
  IN_CALL_REPLY: 10,
  IN_CALL_CONNECTED: 11,
  CALL_CLEAR_REQUEST: 12,
  CALL_DISCONNECT_NOTIFY: 13,
  WAN_ERROR_NOTIFY: 14,
  SET_LINK_INFO: 15,
} as const;

interface MessageShape {
  readonly name: string;
  /** Bytes of its fields. */
  readonly length: number;
}

/** By type. */
export const MESSAGES: readonly (MessageShape | undefined)[] = [
  undefined,
  { name: 'Start-Control-Connection-Request', length: 144 },
  { name: 'Start-Control-Connection-Reply', length: 144 },
  { name: 'Stop-Control-Connection-Request', length: 4 },
  { name: 'Stop-Control-Connection-Reply', length: 4 },
  { name: 'Echo-Request', length: 4 },
  { name: 'Echo-Reply', length: 8 },
  { name: 'Outgoing-Call-Request', length: 156 },
  { name: 'Outgoing-Call-Reply', length: 20 },
  { name: 'Incoming-Call-Request', length: 208 },
  { name: 'Incoming-Call-Reply', length: 12 },
  { name: 'Incoming-Call-Connected', length: 16 },
  { name: 'Call-Clear-Request', length: 4 },
  { name: 'Call-Disconnect-Notify', length: 136 },
  { name: 'WAN-Error-Notify', length: 28 },
  { name: 'Set-Link-Info', length: 12 },
];

/** Where messages that have one carry their sender's call id, the other one, and the result. */
export const CALL_ID = 0;
export const PEER_CALL_ID = 2;
export const CALL_RESULT = 4;
/** Of messages that have only the receiver's call id. */
export const ONLY_PEER_CALL_ID = 0;
export const START_RESULT = 2;
export const STOP_RESULT = 0;
export const RESULT_OK = 1;
