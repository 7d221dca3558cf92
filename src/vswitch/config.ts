/** The configuration of a switch (the `switch` of a gateway file, a node of a lab), and the switch made of it. */
import { choiceAt, objectAt, onlyKeys } from '../base/plain-object.ts';
import { Hub, type HubConfig } from './hub.ts';
import { LearningSwitch } from './learning/bridge.ts';
import { parseLearning, type LearningConfig } from './learning/config.ts';
import { MODELS, type SwitchEnv, type VirtualSwitch } from './switch.ts';
import { parseVsphere, type VsphereConfig } from './vmware/config.ts';
import { VsphereSwitch } from './vmware/vsphere-switch.ts';
import { portAt, portsAt } from './values.ts';

export type SwitchConfig = LearningConfig | VsphereConfig | HubConfig;

/** Throws a SluiceError whose message begins with the path of what is wrong, such as `switch.ports.p1.vlans[0]`. */
export function parseSwitchConfig(value: unknown, path: string, name: string): SwitchConfig {
  const object = objectAt(value, path);
  const model = choiceAt(object['model'] ?? 'learning', `${path}.model`, MODELS);
  switch (model) {
    case 'hub':
      onlyKeys(object, path, ['model', 'ports']);
      return {
        model,
        name,
        ports: portsAt(object['ports'], `${path}.ports`, (port, settings, where) =>
          portAt(port, settings, where, []),
        ),
      };
    case 'learning':
      return parseLearning(object, path, name);
    case 'static':
    case 'distributed':
      return parseVsphere(object, path, name, model);
  }
}

export function makeSwitch(config: SwitchConfig, env: SwitchEnv): VirtualSwitch {
  switch (config.model) {
    case 'hub':
      return new Hub(config, env);
    case 'learning':
      return new LearningSwitch(config, env);
    case 'static':
    case 'distributed':
      return new VsphereSwitch(config, env);
  }
}
