/**
 * Priority vectors: how good what is known of a link is (IEEE 802.1D-2004, 17.5 and 17.6). The smaller is the better.
 */
export interface Priority {
  /** The root and how far it is. */
  readonly root: string;
  readonly cost: number;
  /** The bridge that serves the link, and its port there. */
  readonly bridge: string;
  readonly port: number;
}

/** Below zero when `a` is the better. */
export function compare(a: Priority, b: Priority): number {
  if (a.root !== b.root) return a.root < b.root ? -1 : 1;
  if (a.cost !== b.cost) return a.cost - b.cost;
  if (a.bridge !== b.bridge) return a.bridge < b.bridge ? -1 : 1;
  return a.port - b.port;
}

/** A message counts for more than what the port knows when it is better, or news from where that came from. */
export function isSuperior(message: Priority, known: Priority): boolean {
  const order = compare(message, known);
  return order < 0 || (order > 0 && message.bridge === known.bridge && message.port === known.port);
}

/** What goes with a vector. */
export interface Times {
  readonly messageAge: number;
  readonly maxAge: number;
  readonly helloTime: number;
  readonly forwardDelay: number;
}

export function areEqual(a: Times, b: Times): boolean {
  return (
    a.messageAge === b.messageAge &&
    a.maxAge === b.maxAge &&
    a.helloTime === b.helloTime &&
    a.forwardDelay === b.forwardDelay
  );
}
