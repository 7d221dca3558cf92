/**
 * Control connections of protocols that speak in lines (FTP, IRC), for cases: a conversation whose two ends each see their own addresses and, where the gateway
 * changes the length of a line, their own sequence numbers.
 */
import { TcpConversation, type Peer, type TimeLine } from './flow.ts';
import { text, type Ends } from '../../src/conform/frames.ts';

export interface TalkEnds {
  /** As the client's network sees the addresses, and as the server's does. */
  readonly client: Ends;
  readonly server?: Ends;
  readonly port: number;
  readonly serverPort?: number;
  /** The client is outside, the server inside. */
  readonly inward?: boolean;
}

export class LineTalk {
  readonly #tcp: TcpConversation;
  /** What lines of each side became longer by. */
  #clientGrew = 0;
  #serverGrew = 0;

  constructor(line: TimeLine, { client, server = client, port, serverPort = 21, inward = false }: TalkEnds) {
    const near: Peer = { ends: client, port, peerPort: serverPort };
    const far: Peer = { ends: { from: server.to, to: server.from }, port: serverPort, peerPort: port };
    const inside = (packet: readonly number[]): TimeLine => line.inside(packet);
    const outside = (packet: readonly number[]): TimeLine => line.outside(packet);
    this.#tcp = new TcpConversation(near, inward ? outside : inside, far, inward ? inside : outside);
    this.#tcp.handshake();
    // Lines of both sides, so that everybody knows where the next one begins.
    this.server('220 ready\r\n').client('USER a\r\n').server('230 in\r\n');
  }

  /** @param grows - by how many bytes the gateway makes it longer */
  client(words: string, grows = 0, seq?: number): this {
    const ack = this.#tcp.serverSeq + this.#serverGrew;
    this.#tcp.client('PA', text(words), { ack, ...(seq === undefined ? {} : { seq }) });
    this.#clientGrew += grows;
    return this;
  }

  server(words: string, grows = 0): this {
    this.#tcp.server('PA', text(words), { ack: this.#tcp.clientSeq + this.#clientGrew });
    this.#serverGrew += grows;
    return this;
  }

  /** The sequence number of what the client says next. */
  get clientSeq(): number {
    return this.#tcp.clientSeq;
  }
}
