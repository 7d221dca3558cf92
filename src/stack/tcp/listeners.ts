/** The listeners of a host, by port; of several on one port the one that names the address is the better. */
import { NetError } from './errors.ts';
import { Listener, type ListenOptions } from './listener.ts';
import type { Tcp } from './tcp.ts';

export class Listeners {
  private readonly owner: Tcp;
  private readonly byPort = new Map<number, Listener[]>();

  constructor(owner: Tcp) {
    this.owner = owner;
  }

  has(port: number): boolean {
    return this.byPort.has(port);
  }

  /** Throws NetError EADDRINUSE. */
  add(options: ListenOptions): Listener {
    const sharing = this.byPort.get(options.port) ?? [];
    const listener = new Listener(this.owner, options);
    if (sharing.some((other) => overlap(other, listener))) throw new NetError('EADDRINUSE');
    this.byPort.set(options.port, [...sharing, listener]);
    return listener;
  }

  remove(listener: Listener): void {
    const rest = (this.byPort.get(listener.port) ?? []).filter((other) => other !== listener);
    if (rest.length > 0) this.byPort.set(listener.port, rest);
    else this.byPort.delete(listener.port);
  }

  find(family: number, w0: number, w1: number, w2: number, w3: number, port: number): Listener | undefined {
    const candidates = this.byPort.get(port);
    if (candidates === undefined) return undefined;
    let best: Listener | undefined;
    for (const listener of candidates) {
      if (!listener.matches(family, w0, w1, w2, w3)) continue;
      if (best === undefined || (best.address === undefined && listener.address !== undefined))
        best = listener;
    }
    return best;
  }
}

function overlap(a: Listener, b: Listener): boolean {
  if (a.family !== 0 && b.family !== 0 && a.family !== b.family) return false;
  if (a.address === undefined || b.address === undefined) return true;
  return a.address.every((word, i) => word === b.address![i]);
}
