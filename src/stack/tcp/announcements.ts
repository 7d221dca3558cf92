/**
 * What applications are to be told. It is gathered while a packet or a timer is dealt with, and told when that is over, so
 * that whoever is told may call back as he likes.
 */
import type { Connection } from './connection.ts';
import type { Listener } from './listener.ts';
import { Event } from './terms.ts';

export class Announcements {
  private readonly connections: Connection[] = [];
  private readonly listeners: Listener[] = [];
  private isTelling = false;

  notify(c: Connection, event: number): void {
    if (c.events === 0) this.connections.push(c);
    c.events |= event;
  }

  /** A connection can be accepted. */
  announce(listener: Listener): void {
    this.listeners.push(listener);
  }

  tell(): void {
    if (this.isTelling || (this.connections.length === 0 && this.listeners.length === 0)) return;
    this.isTelling = true;
    try {
      while (this.connections.length > 0 || this.listeners.length > 0) {
        for (let i = 0; i < this.listeners.length; i++) tellListener(this.listeners[i]!);
        this.listeners.length = 0;
        // More may be added while it is gone through.
        for (let i = 0; i < this.connections.length; i++) tellConnection(this.connections[i]!);
        this.connections.length = 0;
      }
    } finally {
      this.isTelling = false;
    }
  }
}

function tellListener(listener: Listener): void {
  if (listener.queue.length > 0) listener.onConnection?.(listener);
}

function tellConnection(c: Connection): void {
  const { events, listener } = c;
  c.events = 0;
  if (listener === null) return;
  if ((events & Event.CONNECT) !== 0) listener.onConnect?.(c);
  if ((events & Event.URGENT) !== 0) listener.onUrgent?.(c);
  if ((events & Event.READABLE) !== 0) listener.onReadable?.(c);
  if ((events & Event.WRITABLE) !== 0) listener.onWritable?.(c);
  if ((events & Event.END) !== 0) listener.onEnd?.(c);
  if ((events & Event.CLOSE) !== 0) listener.onClose?.(c, c.error);
}
