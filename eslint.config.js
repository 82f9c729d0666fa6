import tseslint from 'typescript-eslint'

/** Node built-ins that have no place in deterministic workflow code. */
const noBuiltins = {
  patterns: [{ regex: '^node:', message: 'workflow code must be deterministic: no Node built-ins' }],
}

/** The version before runs on while a migration is made: it may only add. */
const onlyAdds = [
  {
    selector:
      'CallExpression[callee.property.name=/^(drop|rename|modify|alterColumn|setNotNull|addUnique|deleteFrom|updateTable)/]',
    message: 'a migration only adds: the version before still needs what is there; take it away some versions later',
  },
  { selector: 'TaggedTemplateExpression[tag.name="sql"]', message: 'a migration is in words that can be checked' },
  {
    selector: ':matches(Property[key.name="down"], FunctionDeclaration[id.name="down"])',
    message: 'migrations go forward only',
  },
]

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '**/.alien/', 'coverage/', '**/*.js', '**/*.mjs'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'only a main.ts ends the process' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['server/registry/migrations/[0-9]*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...onlyAdds] },
  },
  { files: ['workflows/**/*.ts'], rules: { 'no-restricted-imports': ['error', noBuiltins] } },
  {
    files: ['**/main.ts', '**/*-main.ts', 'bench/**', 'examples/**', 'scripts/**'],
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
  },
  {
    // A describe block is a list of cases, not a function to hold in one's head.
    files: ['**/*.test.ts', '**/*.testsuite.ts', '**/*.leg.ts', 'tests/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // Params of commands without a schema, and bodies that tests look into, are whatever JSON they are.
    files: ['tests/**', 'examples/**'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
)
