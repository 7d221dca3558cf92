/**
 * Port mirroring: copies of what comes in or goes out of a port, to another. The copy leaves by the mirror port as it was
 * on the wire, whatever that port's VLANs are (Linux: tc matchall with mirred egress mirror; vSphere: port mirroring).
 */
import { choiceAt, listAt, objectAt, onlyKeys } from '../base/plain-object.ts';
import type { Port } from './port.ts';
import { portNameAt } from './values.ts';

export interface MirrorConfig {
  readonly from: readonly string[];
  readonly to: string;
  readonly direction: 'ingress' | 'egress' | 'both';
}

/** `[{ from: [p1, p2], to: p3, direction: both }]` */
export function mirrorsAt(
  value: unknown,
  path: string,
  ports: readonly { readonly name: string }[],
): MirrorConfig[] {
  return listAt(value, path).map((item, i) => {
    const where = `${path}[${i}]`;
    const mirror = objectAt(item, where);
    onlyKeys(mirror, where, ['from', 'to', 'direction']);
    const from = Array.isArray(mirror['from']) ? mirror['from'] : [mirror['from']];
    return {
      from: from.map((name, n) => portNameAt(name, `${where}.from[${n}]`, ports)),
      to: portNameAt(mirror['to'], `${where}.to`, ports),
      direction: choiceAt(mirror['direction'] ?? 'both', `${where}.direction`, ['ingress', 'egress', 'both']),
    };
  });
}

export class Mirror<P extends Port> {
  /** By index of the port that is listened to. */
  private readonly ingress: (readonly P[])[];
  private readonly egress: (readonly P[])[];

  constructor(mirrors: readonly MirrorConfig[], ports: readonly P[]) {
    const targets = (direction: 'ingress' | 'egress') =>
      ports.map((port) =>
        mirrors
          .filter(
            (mirror) => mirror.from.includes(port.name) && [direction, 'both'].includes(mirror.direction),
          )
          .map((mirror) => ports.find(({ name }) => name === mirror.to)!),
      );
    this.ingress = targets('ingress');
    this.egress = targets('egress');
  }

  /** Who gets a copy of what comes in by the port. */
  ofIngress(port: P): readonly P[] {
    return this.ingress[port.index]!;
  }

  /** Who gets a copy of what leaves by the port. */
  ofEgress(port: P): readonly P[] {
    return this.egress[port.index]!;
  }
}
