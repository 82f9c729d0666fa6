/** Who may import whom; the table in ARCHITECTURE.md says the same in words. */

/** The layers a layer may import, itself included. What is not listed is forbidden. */
const LAYERS = {
  protocol: [],
  config: ['protocol'],
  observability: ['protocol'],
  sdk: ['protocol', 'bindings'],
  bindings: ['protocol'],
  client: ['protocol'],
  temporal: ['protocol', 'observability'],
  workflows: ['protocol'],
  execution: ['protocol', 'observability', 'bindings', 'sdk'],
  transports: ['protocol', 'bindings', 'sdk', 'client', 'execution'],
  activities: ['protocol', 'observability', 'bindings', 'sdk', 'temporal', 'execution', 'transports'],
  gateway: ['protocol', 'observability', 'temporal'],
  server: ['protocol', 'observability', 'temporal'],
  workers: [
    'protocol',
    'observability',
    'bindings',
    'sdk',
    'client',
    'temporal',
    'execution',
    'transports',
    'activities',
    'gateway',
    'server',
  ],
  doctor: ['protocol', 'client', 'server', 'temporal'],
  cli: ['protocol', 'config', 'observability', 'bindings', 'client', 'temporal', 'workers', 'doctor'],
}

const tests = '\\.(test|testsuite|leg)\\.ts$'

const layerRules = Object.entries(LAYERS).map(([layer, allowed]) => ({
  name: `${layer}-imports`,
  comment: `${layer} imports ${[...allowed, 'nothing else of ours'].join(', ')}`,
  severity: 'error',
  from: { path: `^${layer}/`, pathNot: tests },
  to: {
    path: `^(${[...Object.keys(LAYERS), 'examples', 'bench', 'tests', 'agent.ts', 'server.ts', 'testing.ts'].join('|')})(/|$)`,
    pathNot: `^(${[layer, ...allowed].join('|')})/`,
  },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
const configuration = {
  forbidden: [
    ...layerRules,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'light-entries',
      comment: 'what handlers and callers import, and what runs a handler, must not load Temporal',
      severity: 'error',
      from: { path: '^(protocol|sdk|bindings|client|execution|transports)/', pathNot: tests },
      to: { path: 'node_modules/@temporalio/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sandbox',
      comment: 'workflow code runs in the sandbox: @temporalio/workflow and the parts of protocol without packages',
      severity: 'error',
      from: { path: '^workflows/', pathNot: tests },
      to: { path: 'node_modules/', pathNot: 'node_modules/@temporalio/workflow/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'mains-are-roots',
      comment: 'a main.ts ends the process; nobody may import it',
      severity: 'error',
      from: {},
      to: { path: '(^|[/-])main\\.ts$' },
    },
    {
      name: 'public-names',
      comment: 'examples import the package as users do',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(?!examples/)[^/]+/.*\\.ts$', pathNot: '^(node_modules|dist)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|bench/results)/|/\\.alien/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}

module.exports = configuration
// Not enumerable, for the tool knows its own keys only; the documentation's test reads it.
Object.defineProperty(module.exports, 'LAYERS', { value: LAYERS })
