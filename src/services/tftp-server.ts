/**
 * A TFTP server that reads only (RFC 1350), for machines that boot from the network: blocks of a size that is agreed on (RFC
 * 2348), the file's size told beforehand (RFC 2349), each block repeated until it is acknowledged. Where files come from and
 * what carries messages are the caller's.
 *
 *     RRQ ─► OACK (where options were asked) ─ ACK 0 ─► DATA 1 ─ ACK 1 ─► … a block that is not full is the last ─ ACK ─► end
 */
import type { Clock, Timer } from '../base/clock.ts';
import * as tftp from '../wire/tftp.ts';

/** A file that is being read. */
export interface TftpFile {
  readonly size: number;
  /** Fills `into` from there on; the file does not end before its size. */
  read(at: number, into: Uint8Array): void;
  close(): void;
}

export interface TftpFiles {
  /** Undefined for what is not there to be read. */
  open(name: string): TftpFile | undefined;
}

/** A port of the server's own for one transfer, and its peer. */
export interface TransferSocket {
  send(message: Uint8Array): void;
  onMessage: (message: Uint8Array) => void;
  close(): void;
}

const DEFAULT_BLOCK = 512;
const LEAST_BLOCK = 8;
/** Fits an Ethernet frame; larger ones would be fragments, which boot firmware is bad at. */
const MOST_BLOCK = 1468;
const REPEAT_US = 1_000_000;
const MOST_REPEATS = 5;
/** Transfers of all, and of one client: each holds a file and a port. */
const MOST_TRANSFERS = 64;
const MOST_PER_CLIENT = 8;

export class TftpServer {
  private readonly clock: Clock;
  private readonly files: TftpFiles;
  private readonly transfers = new Set<Transfer>();

  constructor(clock: Clock, files: TftpFiles) {
    this.clock = clock;
    this.files = files;
  }

  /** A message came to the server's port; `open` makes the port that answers. */
  request(bytes: Uint8Array, client: string, open: () => TransferSocket): void {
    const request = tftp.parseRequest(bytes);
    const own = [...this.transfers].filter((transfer) => transfer.client === client).length;
    if (request === undefined || own >= MOST_PER_CLIENT || this.transfers.size >= MOST_TRANSFERS) return;
    const socket = open();
    const refuse = (code: tftp.ErrorCode, why: string) => {
      socket.send(tftp.error(code, why));
      socket.close();
    };
    if (request.opcode !== tftp.Opcode.READ) return refuse(tftp.ErrorCode.ACCESS, 'files are only read here');
    if (request.mode !== 'octet') return refuse(tftp.ErrorCode.ILLEGAL, 'only in mode octet');
    const file = this.files.open(request.file);
    if (file === undefined) return refuse(tftp.ErrorCode.NOT_FOUND, 'no such file');
    const transfer = new Transfer(client, this.clock, file, socket, (one) => this.transfers.delete(one));
    this.transfers.add(transfer);
    transfer.begin(request.options);
  }

  close(): void {
    for (const transfer of this.transfers) transfer.end();
  }
}

class Transfer {
  readonly client: string;
  private readonly clock: Clock;
  private readonly file: TftpFile;
  private readonly socket: TransferSocket;
  private readonly onEnd: (transfer: Transfer) => void;
  private blockSize = DEFAULT_BLOCK;
  /** What was sent last, and how many blocks lie behind it. */
  private sent: Uint8Array = new Uint8Array(0);
  private block = 0;
  private repeats = 0;
  private timer: Timer | null = null;

  constructor(
    client: string,
    clock: Clock,
    file: TftpFile,
    socket: TransferSocket,
    onEnd: (transfer: Transfer) => void,
  ) {
    this.client = client;
    this.clock = clock;
    this.file = file;
    this.socket = socket;
    this.onEnd = onEnd;
    socket.onMessage = (message) => this.hear(message);
  }

  begin(asked: ReadonlyMap<string, string>): void {
    const agreed = new Map<string, string>();
    const wished = Number(asked.get('blksize'));
    if (wished >= LEAST_BLOCK) {
      this.blockSize = Math.min(Math.floor(wished), MOST_BLOCK);
      agreed.set('blksize', String(this.blockSize));
    }
    if (asked.has('tsize')) agreed.set('tsize', String(this.file.size));
    if (agreed.size > 0) this.send(tftp.optionsAcknowledged(agreed));
    else this.next();
  }

  end(): void {
    this.timer?.cancel();
    this.socket.close();
    this.file.close();
    this.onEnd(this);
  }

  private hear(message: Uint8Array): void {
    const acknowledged = tftp.parseAck(message);
    // Whatever else comes is an error, and the end of it.
    if (acknowledged === undefined) return this.end();
    // An acknowledgement that comes twice must not have the block sent twice (RFC 1123 4.2.3.1).
    if (acknowledged !== (this.block & 0xffff)) return;
    this.next();
  }

  private next(): void {
    const from = this.block * this.blockSize;
    // The block that is not full was acknowledged.
    if (from > this.file.size) return this.end();
    this.block++;
    const length = Math.min(this.blockSize, this.file.size - from);
    const message = tftp.data(this.block & 0xffff, length);
    this.file.read(from, message.subarray(tftp.HEADER_LENGTH));
    this.send(message);
  }

  private send(message: Uint8Array): void {
    this.sent = message;
    this.repeats = 0;
    this.transmit();
  }

  private transmit(): void {
    this.socket.send(this.sent);
    this.timer?.cancel();
    this.timer = this.clock.at(this.clock.now + REPEAT_US, () => {
      if (this.repeats++ < MOST_REPEATS) this.transmit();
      else this.end();
    });
  }
}
