import { check } from 'k6';
import exec from 'k6/execution';

// What the module's properties say in this stage: their names, or the error.
function said() {
  const found = {};
  for (const name of Object.keys(exec)) {
    try {
      found[name] = typeof exec[name];
    } catch (error) {
      found[name] = String(error);
    }
  }
  return found;
}

const NO_VU = 'GoError: getting VU information in the init context is not supported';
const NO_SCENARIO = 'GoError: getting scenario information outside of the VU context is not supported';
const NO_INSTANCE = 'GoError: getting instance information in the init context is not supported';

const inInit = said();

export function setup() {
  const now = said();
  return { now, name: nameOfScenario() };
}

function nameOfScenario() {
  try {
    return exec.scenario.name;
  } catch (error) {
    return String(error);
  }
}

export default function (data) {
  check(inInit, {
    'no VU in init': (s) => s.vu === NO_VU,
    'no scenario in init': (s) => s.scenario === NO_SCENARIO,
    'no instance in init': (s) => s.instance === NO_INSTANCE,
    'a test in init': (s) => s.test === 'object',
    'names in order': (s) => Object.keys(s).join() === 'instance,scenario,test,vu',
  });
  check(data, {
    'all in setup': (d) => Object.values(d.now).join() === 'object,object,object,object',
    'no name of a scenario in setup': (d) => d.name === NO_SCENARIO,
  });
}

export function teardown() {
  const now = said();
  if (now.instance !== NO_INSTANCE || now.vu !== 'object' || now.scenario !== 'object') {
    throw new Error(JSON.stringify(now));
  }
}
