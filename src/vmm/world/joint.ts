/**
 * Joins a connection of our stack with a socket of this machine: bytes, the end of each direction, and failures go from
 * one to the other. Neither side is read faster than the other takes, so what is in between is bounded by their buffers.
 */
import type { Socket } from 'node:net';
import type { Connection } from '../../stack/tcp/index.ts';
import type { Outside } from './outside.ts';

/** Bytes that are moved to the socket at a time. */
const CHUNK = 64 * 1024;

export function join(connection: Connection, socket: Socket, outside: Outside): void {
  new Joint(connection, socket, outside);
}

class Joint {
  private readonly connection: Connection;
  private readonly socket: Socket;
  /** What the connection did not take yet; the socket is paused meanwhile. */
  private rest: Uint8Array | null = null;
  private isMoving = false;
  private guestEnded = false;
  private guestIsHeld = false;
  private isFilling = false;
  private mayWrite = false;
  private worldEnded = false;
  private isOver = false;

  constructor(connection: Connection, socket: Socket, outside: Outside) {
    this.connection = connection;
    this.socket = socket;
    connection.listener = {
      onReadable: () => this.fromGuest(),
      onWritable: () => this.toGuest(),
      onEnd: () => this.endOfGuest(),
      onClose: () => this.guestIsGone(),
    };
    socket.on('data', (chunk) => outside.enter(() => this.fromWorld(chunk)));
    socket.on('end', () => outside.enter(() => this.endOfWorld()));
    socket.on('drain', () => outside.enter(() => this.release()));
    socket.on('error', () => outside.enter(() => this.abort()));
    socket.on('close', () => outside.enter(() => this.worldIsGone()));
    socket.resume();
    this.fromGuest();
  }

  // ── Guest to world ──────────────────────────────────────────────────────────────────────────────────────────

  private fromGuest(): void {
    const { connection, socket } = this;
    // Reading makes room, and more may come before it is over.
    if (this.isMoving) return;
    this.isMoving = true;
    while (!this.guestIsHeld && connection.unread > 0 && !socket.destroyed) {
      const chunk = new Uint8Array(Math.min(connection.unread, CHUNK));
      const length = connection.read(chunk);
      if (length <= 0) break;
      this.guestIsHeld = !socket.write(chunk.subarray(0, length));
    }
    this.isMoving = false;
    if (this.guestEnded && connection.unread === 0) socket.end();
  }

  private release(): void {
    this.guestIsHeld = false;
    this.fromGuest();
  }

  private endOfGuest(): void {
    this.guestEnded = true;
    this.fromGuest();
  }

  private guestIsGone(): void {
    this.isOver = true;
    // Both sides ended in peace, or the guest gave up: then nobody reads what is still on its way.
    if (!this.guestEnded || !this.worldEnded) this.socket.resetAndDestroy();
  }

  // ── World to guest ──────────────────────────────────────────────────────────────────────────────────────────

  private fromWorld(chunk: Uint8Array): void {
    this.rest = chunk;
    this.toGuest();
  }

  private toGuest(): void {
    const { connection, socket } = this;
    // Writing may make room at once: then it goes on here, not within.
    this.mayWrite = true;
    if (this.isFilling) return;
    this.isFilling = true;
    while (this.rest !== null && this.mayWrite) {
      this.mayWrite = false;
      const taken = connection.write(this.rest);
      if (taken < 0) return this.abort();
      this.rest = taken < this.rest.length ? this.rest.subarray(taken) : null;
    }
    this.isFilling = false;
    if (this.rest !== null) socket.pause();
    else if (this.worldEnded) connection.shutdown();
    else socket.resume();
  }

  private endOfWorld(): void {
    this.worldEnded = true;
    this.toGuest();
  }

  private worldIsGone(): void {
    if (this.isOver) return;
    if (this.worldEnded && this.guestEnded) {
      this.connection.close();
    } else {
      this.abort();
    }
  }

  /** The socket failed: the guest sees a reset. */
  private abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.connection.abort();
    this.socket.destroy();
  }
}
