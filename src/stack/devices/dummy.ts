/** A dummy device: what is sent there is gone. It holds addresses that belong to no link. */
import type { DeviceKind } from '../device.ts';

export const DUMMY: DeviceKind = {
  name: 'dummy',
  frame() {
    // Nobody is there.
  },
  describe: () => 'dummy',
};
