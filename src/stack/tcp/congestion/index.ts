/** The congestion controls by the names that `net.ipv4.tcp_congestion_control` knows them by. */
import { SluiceError } from '../../../base/errors.ts';
import type { CongestionControl } from './congestion.ts';
import { Cubic } from './cubic.ts';
import { NewReno } from './new-reno.ts';

const CONTROLS: Readonly<Record<string, () => CongestionControl>> = {
  cubic: () => new Cubic(),
  reno: () => new NewReno(),
};

export const CONGESTION_CONTROLS: readonly string[] = Object.keys(CONTROLS);

export function congestionControl(name: string): CongestionControl {
  const make = CONTROLS[name];
  if (make === undefined) {
    throw new SluiceError(
      'CONGESTION',
      `no congestion control "${name}": there are ${CONGESTION_CONTROLS.join(', ')}`,
    );
  }
  return make();
}

export { INFINITE_SSTHRESH, type CongestionControl, type CongestionWindow } from './congestion.ts';
