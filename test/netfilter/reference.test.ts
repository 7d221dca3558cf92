import { engineSuite } from './engine.suite.ts';

describe('the reference interpreter', () => engineSuite('reference'));
