import { engineSuite } from './engine.suite.ts';

describe('the compiled engine', () => engineSuite('compiled'));
