/** What all helpers declare: rules know them by name and protocol, ports and limits are told once. */
import assert from 'node:assert/strict';
import { HELPER_FACTS, helperRules } from '../../src/alg/index.ts';
import { World } from './support.ts';

describe('helpers', () => {
  it('rules take each by its name on its protocol, and refuse it on the other', () => {
    for (const { name, families, transports, port } of HELPER_FACTS) {
      for (const transport of ['tcp', 'udp'] as const) {
        const rules = `*raw\n-A PREROUTING -p ${transport} --dport ${port} -j CT --helper ${name}\nCOMMIT\n`;
        const load = (): World => new World({ family: families[0]!, rules });
        if (transports.includes(transport)) load();
        else assert.throws(load, /No such helper/);
      }
    }
  });

  it('connections to the usual ports get them, in both kinds', () => {
    for (const mode of ['strict', 'linux'] as const) {
      for (const family of [4, 6] as const) {
        const world = new World({ family, rules: helperRules(family), settings: { mode } });
        for (const { name, families, transports } of HELPER_FACTS) {
          for (const transport of transports) {
            const proto = transport === 'tcp' ? 6 : 17;
            const found = world.gateway.conntrack.helpers.find(name, family, proto);
            assert.equal(found !== null, families.includes(family), `${name} over IPv${family}`);
          }
        }
      }
    }
  });

  it('every pinhole is limited in number and time', () => {
    for (const { policies, strictPolicies = policies } of HELPER_FACTS) {
      for (const { maxExpected, timeoutUs } of [...policies, ...strictPolicies]) {
        assert.ok(maxExpected > 0 && timeoutUs > 0 && timeoutUs <= 300_000_000);
      }
    }
  });
});
