/* Numbers to pixels, and where an axis has its ticks. */

const STEPS = [1, 2, 2.5, 5, 10];

/* `from` below `to`; `at` gives pixels between `start` and `end`. */
export function scale({ from, to, log }, start, end) {
  const least = log ? Math.max(from, 1e-9) : from;
  const shape = log ? (value) => Math.log(Math.max(value, least * 1e-3)) : (value) => value;
  const [low, high] = [shape(least), shape(to)];
  const at = (value) => start + ((shape(value) - low) / (high - low || 1)) * (end - start);
  return { at, holds: (value) => value >= least * (1 - 1e-9) && value <= to * (1 + 1e-9) };
}

/* About `count` of them. */
export function ticks({ from, to, log }, count) {
  return log ? decades(from, to, count) : even(from, to, count);
}

function even(from, to, count) {
  const rough = (to - from) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * STEPS.find((one) => one * power >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to * (1 + 1e-9); at += 1) found.push(at * step);
  return found;
}

function decades(from, to, count) {
  const first = Math.floor(Math.log10(from));
  const last = Math.ceil(Math.log10(to));
  const within = (factors) => {
    const found = [];
    for (let power = first; power <= last; power += 1)
      for (const factor of factors) {
        const value = factor * 10 ** power;
        if (value >= from * 0.999 && value <= to * 1.001) found.push(value);
      }
    return found;
  };
  const fine = [[1, 2, 3, 5], [1, 2, 5], [1, 3], [1]].map(within).find((found) => found.length <= count);
  if (fine && fine.length >= 2) return fine;
  const all = within([1]);
  if (all.length < 2) return even(from, to, Math.min(count, 4)).filter((value) => value > 0);
  const every = Math.ceil(all.length / count);
  return all.filter((_, at) => at % every === 0);
}

/* A range for values on a logarithmic axis with some room around. */
export function logRange(values, floor) {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (!positive.length) return { from: floor, to: floor * 100, log: true };
  const from = Math.max(Math.min(...positive) / 1.35, floor);
  return { from, to: Math.max(Math.max(...positive) * 1.5, from * 4), log: true };
}
