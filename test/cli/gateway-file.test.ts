import assert from 'node:assert/strict';
import { SluiceError } from '../../src/base/errors.ts';
import { parseConfigFile } from '../../src/base/config-file.ts';
import { parseHostConfig } from '../../src/stack/config.ts';

/** What is said of the file: `gw.yaml:LINE: …`. */
function complaint(text: string): string {
  try {
    const file = parseConfigFile({ text, file: 'gw.yaml' });
    try {
      parseHostConfig(file.value);
    } catch (error) {
      throw file.locate(error);
    }
  } catch (error) {
    assert.ok(error instanceof SluiceError);
    return error.describe();
  }
  return assert.fail('nothing is wrong');
}

describe('gateway files', () => {
  it('are YAML or JSON', () => {
    const yaml = parseConfigFile({ text: 'interfaces:\n  eth0: { mtu: 1500 }\n', file: 'a' }).value;
    const json = parseConfigFile({ text: '{"interfaces":{"eth0":{"mtu":1500}}}', file: 'b' }).value;
    assert.deepEqual(yaml, json);
    assert.equal(parseConfigFile({ text: '', file: 'c' }).value, null);
  });

  const wrong: readonly (readonly [what: string, text: string, place: string])[] = [
    ['a value', 'interfaces:\n  eth0:\n    mtu: 10\n', 'gw.yaml:3: interfaces.eth0.mtu: '],
    [
      'a value in a flow mapping',
      'interfaces:\n  eth0: { mac: "02:00:00:00:00:01",\n    mtu: 10 }\n',
      'gw.yaml:3: ',
    ],
    [
      'an unknown key',
      'interfaces:\n  eth0:\n    mtu: 1500\n    speed: 10\n',
      'gw.yaml:4: interfaces.eth0.speed: ',
    ],
    [
      'a name with dots in it',
      'interfaces:\n  eth0: {}\n  eth0.5:\n    mtu: 1\n',
      'gw.yaml:4: interfaces.eth0.5.mtu: ',
    ],
    [
      'a sysctl',
      'interfaces: {}\nsysctl:\n  net.ipv4.ip_forward: 1\n  net.ipv4.x: many\n',
      'gw.yaml:4: sysctl.net.ipv4.x: ',
    ],
    [
      'an item of a list',
      'interfaces: { eth0: {} }\nroutes:\n  - { to: default, dev: eth0 }\n  - { to: nowhere, dev: eth0 }\n',
      'gw.yaml:4: routes[1].to: ',
    ],
    [
      'an item of a list in a mapping',
      'interfaces:\n  eth0:\n    addresses:\n      - 10.0.0.1/24\n      - 10.0.0.300/24\n',
      'gw.yaml:5: interfaces.eth0.addresses[1]: ',
    ],
    [
      'a key that is missing',
      'interfaces: { eth0: {} }\nneighbours:\n  - dev: eth0\n    ip: 10.0.0.2\n',
      'gw.yaml:3: neighbours[0].mac: ',
    ],
    ['a text where a mapping belongs', '\njust a text\n', 'gw.yaml:2: '],
    [
      'a file of JSON',
      '{\n "interfaces": {\n  "eth0": {\n   "mtu": 1\n  }\n }\n}\n',
      'gw.yaml:4: interfaces.eth0.mtu: ',
    ],
  ];
  for (const [what, text, place] of wrong) {
    it(`say the line of ${what}`, () => {
      const said = complaint(text);
      assert.ok(said.startsWith(place), `${said} does not begin with ${place}`);
    });
  }

  const broken: readonly (readonly [what: string, text: string, place: RegExp])[] = [
    ['a bracket left open', 'interfaces:\n  eth0: { mtu: 1500\n', /^gw\.yaml:\d+:\d+: /],
    ['a key given twice', 'interfaces: {}\ninterfaces: {}\n', /^gw\.yaml:2:1: .*unique/],
    ['a tab for indentation', 'interfaces:\n\teth0: {}\n', /^gw\.yaml:2:\d+: /],
    ['an alias that leads nowhere', 'interfaces: *gone\n', /^gw\.yaml/],
  ];
  for (const [what, text, place] of broken) {
    it(`say where YAML is broken: ${what}`, () => assert.match(complaint(text), place));
  }

  it('do not multiply aliases beyond reason', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 0; i < 12; i++) {
      const [from, to] = [String.fromCharCode(97 + i), String.fromCharCode(98 + i)];
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`);
    }
    assert.match(complaint(bomb.join('\n')), /^gw\.yaml.*alias/);
  });

  it('leave other errors alone', () => {
    const { locate } = parseConfigFile({ text: 'a: 1', file: 'gw.yaml' });
    const other = new SluiceError('RULE_SYNTAX', 'x');
    assert.equal(locate(other), other);
  });
});
