// The import directions of the house (ARCHITECTURE.md, "The house"). A room may import itself and what is listed.
const MAY_IMPORT = {
  base: [],
  wire: ['base'],
  capture: ['base', 'wire'],
  netfilter: ['base', 'wire'],
  alg: ['base', 'wire', 'netfilter'],
  // A bridge of a host is a learning switch.
  stack: ['base', 'wire', 'netfilter', 'vswitch'],
  // Every drop carries a reason out of one enumeration, which stands with the packet filter.
  vswitch: ['base', 'wire', 'netfilter/drop-reason.ts'],
  services: ['base', 'wire'],
  node: ['base', 'wire', 'netfilter', 'stack'],
  replay: ['base', 'wire', 'capture', 'netfilter', 'stack', 'vswitch', 'alg'],
  conform: ['base', 'wire', 'capture', 'netfilter', 'replay'],
  control: ['base'],
  programs: ['base', 'wire', 'capture', 'netfilter', 'alg', 'stack', 'vswitch'],
  lab: ['base', 'wire', 'netfilter', 'stack', 'vswitch', 'alg', 'programs', 'services'],
  vmm: ['base', 'wire', 'netfilter', 'alg', 'stack', 'vswitch', 'services', 'lab'],
  shell: [
    ...['base', 'wire', 'capture', 'netfilter', 'stack', 'vswitch', 'alg', 'control', 'programs'],
    ...['replay', 'lab', 'vmm'],
  ],
  web: ['base', 'wire', 'netfilter', 'alg', 'stack', 'vswitch', 'services', 'programs', 'vmm', 'shell'],
  cli: ['base', 'control', 'programs', 'shell', 'replay', 'conform', 'lab', 'vmm'],
};
const BROWSER_ROOMS = ['base', 'wire', 'netfilter', 'alg', 'stack', 'vswitch', 'programs', 'lab', 'services'];

module.exports = {
  forbidden: [
    ...Object.entries(MAY_IMPORT).map(([room, others]) => ({
      name: `${room}-imports-only-below`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${[room, ...others].join('|')})(/|$)` },
    })),
    {
      name: 'no-node-in-the-core',
      severity: 'error',
      from: { path: `^src/(${BROWSER_ROOMS.join('|')})/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
