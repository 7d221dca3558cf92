import { engineSuite } from './engine/index.ts';

describe('the compiled engine', () => engineSuite('compiled'));
