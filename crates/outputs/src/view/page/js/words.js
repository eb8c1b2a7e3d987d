/* What the parts of a run are called: a script has virtual users that run iterations, an attack has
   workers that send requests. */

const OF_SCRIPT = {
  users: "VUs",
  usersAtLength: "Virtual users",
  user: "VU",
  iteration: "iteration",
  iterations: "iterations",
  dropped: "Dropped iterations",
};

const OF_ATTACK = {
  users: "Workers",
  usersAtLength: "Workers",
  user: "worker",
  iteration: "request",
  iterations: "requests",
  dropped: "Never sent",
};

/* Of one run, or of several together. */
export function wordsOf(...runs) {
  return runs.length && runs.every(({ layer }) => layer === "attack") ? OF_ATTACK : OF_SCRIPT;
}

/* What has the latencies of a kind: only a service time is always a request's. */
export function measured(run, kind) {
  return kind === "service" ? "requests" : wordsOf(run).iterations;
}
