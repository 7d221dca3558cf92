/** The TFTP server, message by message: RFC 1350, 2347 to 2349, and what must not happen. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { VirtualClock } from '../../src/base/clock.ts';
import { TftpServer, type TransferSocket } from '../../src/services/tftp-server.ts';

const START = 1_700_000_000_000_000;
const SECOND = 1_000_000;
const CONTENT = Uint8Array.from({ length: 1030 }, (_byte, i) => i & 0xff);

class Peer implements TransferSocket {
  readonly heard: Buffer[] = [];
  isClosed = false;
  onMessage: (message: Uint8Array) => void = () => {};

  send(message: Uint8Array): void {
    this.heard.push(Buffer.from(message));
  }

  close(): void {
    this.isClosed = true;
  }

  ack(block: number): void {
    this.onMessage(Buffer.of(0, 4, block >> 8, block & 255));
  }
}

function make() {
  const clock = new VirtualClock(START);
  let open = 0;
  const server = new TftpServer(clock, {
    open(name) {
      const content = name === 'boot' ? CONTENT : name === 'even' ? CONTENT.subarray(0, 1024) : undefined;
      if (content === undefined) return undefined;
      open++;
      return {
        size: content.length,
        read: (at, into) => into.set(content.subarray(at, at + into.length)),
        close: () => void open--,
      };
    },
  });
  const request = (text: string, client = 'c') => {
    const peer = new Peer();
    server.request(Buffer.from(text, 'latin1'), client, () => peer);
    return peer;
  };
  return { clock, server, request, openFiles: () => open };
}

const RRQ = '\0\x01';

describe('the TFTP server', () => {
  it('sends a file block by block, and ends with one that is not full', () => {
    const { request, openFiles } = make();
    const peer = request(`${RRQ}boot\0OCTET\0`);
    for (let block = 1; block <= 3; block++) peer.ack(block);
    assert.deepEqual(
      peer.heard.map((message) => [message.readUInt16BE(0), message.readUInt16BE(2), message.length - 4]),
      [
        [3, 1, 512],
        [3, 2, 512],
        [3, 3, 6],
      ],
    );
    assert.deepEqual(Buffer.concat(peer.heard.map((message) => message.subarray(4))), Buffer.from(CONTENT));
    assert.deepEqual([peer.isClosed, openFiles()], [true, 0]);
  });

  it('ends a file of whole blocks with an empty one', () => {
    const { request } = make();
    const peer = request(`${RRQ}even\0octet\0`);
    for (let block = 1; block <= 3; block++) peer.ack(block);
    assert.deepEqual(
      peer.heard.map(({ length }) => length - 4),
      [512, 512, 0],
    );
    assert.equal(peer.isClosed, true);
  });

  it('agrees on the size of blocks, tells that of the file, and passes over what it does not know', () => {
    const { request } = make();
    const peer = request(
      [RRQ + 'boot', 'octet', 'BLKSIZE', '9000', 'tsize', '0', 'windowsize', '4', ''].join('\0'),
    );
    assert.equal(
      peer.heard[0]!.toString('latin1'),
      ['\0\x06blksize', '1468', 'tsize', '1030', ''].join('\0'),
    );
    peer.ack(0);
    assert.equal(peer.heard[1]!.length, 4 + 1030);
  });

  it('repeats what is not acknowledged, but not for ever', () => {
    const { clock, request, openFiles } = make();
    const peer = request(`${RRQ}boot\0octet\0`);
    clock.advanceTo(START + 100 * SECOND);
    assert.equal(peer.heard.length, 6);
    assert.deepEqual([peer.isClosed, openFiles()], [true, 0]);
  });

  it('is no sorcerer’s apprentice: an acknowledgement that comes twice has nothing sent twice', () => {
    const { request } = make();
    const peer = request(`${RRQ}boot\0octet\0`);
    peer.ack(1);
    peer.ack(1);
    assert.equal(peer.heard.length, 2);
  });

  it('ends at an error of the client', () => {
    const { request, openFiles } = make();
    const peer = request(`${RRQ}boot\0octet\0`);
    peer.onMessage(Buffer.from('\0\x05\0\x08no\0', 'latin1'));
    assert.deepEqual([peer.isClosed, openFiles()], [true, 0]);
  });

  it('refuses to write, other modes, and what is not there', () => {
    const { request } = make();
    const codes = ['\0\x02boot\0octet\0', `${RRQ}boot\0netascii\0`, `${RRQ}nothing\0octet\0`].map((text) => {
      const [answer] = request(text).heard;
      assert.equal(answer!.readUInt16BE(0), 5);
      return answer!.readUInt16BE(2);
    });
    assert.deepEqual(codes, [2, 4, 1]);
  });

  it('serves one client eight transfers at a time, and others still', () => {
    const { request, openFiles } = make();
    for (let i = 0; i < 100; i++) request(`${RRQ}boot\0octet\0`);
    assert.equal(openFiles(), 8);
    request(`${RRQ}boot\0octet\0`, 'another');
    assert.equal(openFiles(), 9);
  });

  it('answers nothing, and keeps nothing, for any bytes that are no request', () => {
    const { request, openFiles } = make();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const peer = request(Buffer.from(bytes).toString('latin1'));
        peer.onMessage(bytes);
        return true;
      }),
    );
    assert.equal(openFiles(), 0);
  });
});
