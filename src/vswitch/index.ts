/**
 * Virtual switches: learning (a Linux bridge), static and distributed (vSphere), hub. One contract (switch.ts), one
 * configuration (config.ts); hand a switch its frames (`receive`), take what leaves from its sink.
 */
export { makeSwitch, parseSwitchConfig, type SwitchConfig } from './config.ts';
export { Port } from './port.ts';
export {
  Action,
  ACTION_TEXTS,
  VirtualSwitch,
  type SwitchEnv,
  type SwitchModel,
  type SwitchSink,
  type TableEntry,
} from './switch.ts';
export { reverseArp } from './reverse-arp.ts';
export type { BridgeFilter } from './learning/bridge-filter.ts';
export { LearningSwitch } from './learning/bridge.ts';
export { VsphereSwitch } from './vmware/vsphere-switch.ts';
