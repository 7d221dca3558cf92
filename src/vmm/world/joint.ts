/**
 * Joins a connection of our stack with a socket of this machine: bytes, the end of each direction, and failures go from
 * one to the other. Neither side is read faster than the other takes, so what is in between is bounded by their buffers.
 */
import type { Socket } from 'node:net';
import type { Connection } from '../../stack/tcp/index.ts';
import { BUFFER_BYTES, BUFFERS } from '../buffer-pool.ts';
import type { Intake } from '../read-into.ts';
import type { Outside } from './outside.ts';

/** A socket of this machine, paused, and what reads it. */
export interface Line {
  readonly socket: Socket;
  readonly intake: Intake;
}

/** Who changes what goes by; bytes in, bytes out, and what was held back when a direction ends. */
export interface StreamEditor {
  toWorld(bytes: Uint8Array): Uint8Array;
  toGuest(bytes: Uint8Array): Uint8Array;
  endToWorld(): Uint8Array;
  endToGuest(): Uint8Array;
}

export function join(
  connection: Connection,
  line: Line,
  outside: Outside,
  editor: StreamEditor | null = null,
): void {
  new Joint(connection, line, outside, editor);
}

class Joint {
  private readonly connection: Connection;
  private readonly socket: Socket;
  private readonly editor: StreamEditor | null;
  /** What the connection did not take yet, in a buffer of the pool; the socket is not read meanwhile. */
  private rest: Uint8Array | null = null;
  private restStart = 0;
  private restEnd = 0;
  private isReadDue = false;
  private isWriteDue = false;
  private guestEnded = false;
  private guestIsHeld = false;
  private worldEnded = false;
  private isOver = false;

  constructor(
    connection: Connection,
    { socket, intake }: Line,
    outside: Outside,
    editor: StreamEditor | null,
  ) {
    this.connection = connection;
    this.socket = socket;
    this.editor = editor;
    const readSoon = () => {
      if (this.isReadDue) return;
      this.isReadDue = true;
      outside.soon(this.fromGuest);
    };
    const writeSoon = () => {
      if (this.isWriteDue) return;
      this.isWriteDue = true;
      outside.soon(this.toGuest);
    };
    connection.listener = {
      onReadable: readSoon,
      onWritable: writeSoon,
      onEnd: () => {
        this.guestEnded = true;
        readSoon();
      },
      onClose: () => outside.soon(() => this.guestIsGone()),
    };
    intake.take = (bytes) =>
      outside.enter(() => this.fromWorld(editor === null ? bytes : editor.toGuest(bytes)));
    socket.on('end', () => outside.enter(() => this.endOfWorld()));
    socket.on('drain', () => outside.enter(() => this.release()));
    socket.on('error', () => outside.enter(() => this.abort()));
    socket.on('close', () => outside.enter(() => this.worldIsGone()));
    socket.resume();
    this.fromGuest();
  }

  // ── Guest to world ──────────────────────────────────────────────────────────────────────────────────────────

  private readonly fromGuest = (): void => {
    const { connection, socket } = this;
    this.isReadDue = false;
    while (!this.guestIsHeld && connection.unread > 0 && !socket.destroyed) {
      const buffer = BUFFERS.take();
      const length = connection.read(buffer);
      const bytes = buffer.subarray(0, length);
      const edited = this.editor === null ? bytes : this.editor.toWorld(bytes);
      this.guestIsHeld = !socket.write(edited, () => BUFFERS.give(buffer));
    }
    if (!this.guestEnded || connection.unread > 0 || socket.writableEnded) return;
    if (this.editor !== null) socket.write(this.editor.endToWorld());
    socket.end();
  };

  private release(): void {
    this.guestIsHeld = false;
    this.fromGuest();
  }

  private guestIsGone(): void {
    this.isOver = true;
    this.dropRest();
    // Both sides ended in peace, or the guest gave up: then nobody reads what is still on its way.
    if (!this.guestEnded || !this.worldEnded) this.socket.resetAndDestroy();
  }

  // ── World to guest ──────────────────────────────────────────────────────────────────────────────────────────

  /** False: no more for now. */
  private fromWorld(bytes: Uint8Array): boolean {
    if (this.isOver) return false;
    const taken = this.connection.write(bytes);
    if (taken === bytes.length) return true;
    // An editor may have made more of it than there is room for.
    if (taken < 0 || bytes.length - taken > BUFFER_BYTES) {
      this.abort();
      return false;
    }
    this.rest = BUFFERS.take();
    this.rest.set(bytes.subarray(taken));
    this.restStart = 0;
    this.restEnd = bytes.length - taken;
    return false;
  }

  private readonly toGuest = (): void => {
    const { connection, rest } = this;
    this.isWriteDue = false;
    if (rest === null || this.isOver) return;
    const taken = connection.write(rest, this.restStart, this.restEnd);
    if (taken < 0) return this.abort();
    this.restStart += taken;
    if (this.restStart < this.restEnd) return;
    this.dropRest();
    if (this.worldEnded) connection.shutdown();
    else this.socket.resume();
  };

  private dropRest(): void {
    if (this.rest !== null) BUFFERS.give(this.rest);
    this.rest = null;
  }

  private endOfWorld(): void {
    const held = this.editor?.endToGuest();
    if (held !== undefined && this.rest === null) this.connection.write(held);
    this.worldEnded = true;
    if (this.rest === null) this.connection.shutdown();
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
    this.dropRest();
    this.connection.abort();
    this.socket.destroy();
  }
}
