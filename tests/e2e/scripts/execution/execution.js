import { check } from 'k6';
import exec from 'k6/execution';
import { scenario, vu } from 'k6/execution';

export const options = {
  scenarios: {
    counted: { executor: 'per-vu-iterations', vus: 2, iterations: 2, exec: 'counted', tags: { kind: 'c' } },
    later: { executor: 'shared-iterations', vus: 1, iterations: 1, exec: 'later', startTime: '1s' },
  },
};

export function counted() {
  check(exec, {
    'scenario name': (e) => e.scenario.name === 'counted' && scenario.name === 'counted',
    'scenario executor': (e) => e.scenario.executor === 'per-vu-iterations',
    'scenario start time': (e) => Math.abs(e.scenario.startTime - Date.now()) < 60000,
    'scenario progress': (e) => e.scenario.progress >= 0 && e.scenario.progress <= 1,
    'iteration of the scenario': (e) => e.scenario.iterationInTest >= 0 && e.scenario.iterationInTest < 4,
    'iteration in the instance': (e) => e.scenario.iterationInInstance === e.scenario.iterationInTest,
    'VU ids': (e) => e.vu.idInTest === e.vu.idInInstance && e.vu.idInTest >= 1 && e.vu.idInTest <= 3 && vu.idInTest === __VU,
    'VU iterations': (e) => e.vu.iterationInInstance === __ITER && e.vu.iterationInScenario <= 1,
    'instance': (e) => e.instance.vusActive >= 1 && e.instance.vusInitialized >= 2 && e.instance.currentTestRunDuration >= 0,
    'iterations completed': (e) => e.instance.iterationsCompleted >= 0 && e.instance.iterationsInterrupted === 0,
    'tags of the VU': (e) => e.vu.metrics.tags.scenario === 'counted' && e.vu.metrics.tags.kind === 'c',
    'options of the test': (e) => e.test.options.scenarios.counted.vus === 2,
  });
  exec.vu.metrics.tags.mine = 'value';
  exec.vu.metrics.tags.number = 5;
  check(exec, {
    'a tag can be set': (e) => e.vu.metrics.tags.mine === 'value',
    'a number becomes text': (e) => e.vu.metrics.tags.number === '5',
    'an object is refused': (e) => {
      try {
        e.vu.metrics.tags.bad = {};
      } catch (error) {
        return true;
      }
      return false;
    },
  });
  delete exec.vu.metrics.tags.mine;
  check(exec, { 'a tag can be deleted': (e) => e.vu.metrics.tags.mine === undefined });
}

export function later() {
  check(exec, {
    'second scenario': (e) => e.scenario.name === 'later' && e.scenario.iterationInTest === 0,
    'iterations completed before': (e) => e.instance.iterationsCompleted === 4,
    'time passes': (e) => e.instance.currentTestRunDuration >= 900,
  });
}
