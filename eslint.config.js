// Lint rules. The core folders may not read time, draw chance or touch Node: they are handed a Clock, an Rng
// and memory, so that the same seed gives the same bytes and everything runs in a browser.
import tseslint from 'typescript-eslint';

const CORE = ['base', 'wire', 'netfilter', 'alg', 'stack', 'vswitch', 'programs', 'lab'].map(
  (room) => `src/${room}/**/*.ts`,
);

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'src/netfilter/syntax/generated/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-eval': 'error',
      'no-new-func': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: CORE,
    rules: {
      'no-restricted-imports': ['error', { patterns: ['node:*'] }],
      'no-restricted-globals': [
        'error',
        ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'Buffer'],
      ],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    },
  },
);
