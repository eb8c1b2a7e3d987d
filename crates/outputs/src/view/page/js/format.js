/* Numbers, amounts and times as people read them. */

const MISSING = "–";

export function trim(value, digits = 3) {
  return String(Number(value.toPrecision(digits)));
}

export function count(value) {
  if (value == null) return MISSING;
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : trim(value);
}

/* 12,345 as 12.3k: for axes. */
function short(value, step = 1000, prefixes = ["", "k", "M", "G", "T", "P"]) {
  let size = Math.abs(value);
  let at = 0;
  // What would round to 1000 has the next prefix.
  while (size >= step * 0.9995 && at < prefixes.length - 1) {
    size /= step;
    at += 1;
  }
  return [trim(value / step ** at), prefixes[at]];
}

export function milliseconds(value, digits = 3) {
  if (value == null) return MISSING;
  if (value === 0) return "0 ms";
  const size = Math.abs(value);
  if (size < 0.9995) return `${trim(value * 1000, digits)} µs`;
  if (size < 999.5) return `${trim(value, digits)} ms`;
  if (size < 119_500) return `${trim(value / 1000, digits)} s`;
  return `${trim(value / 60_000, digits)} min`;
}

export function percent(share, digits = 3) {
  if (share == null) return MISSING;
  const value = share * 100;
  // Rounding must not make what failed look perfect, nor what succeeded look like nothing.
  if (value > 0 && value < 0.01) return "< 0.01 %";
  if (value < 100 && value > 99.99) return "> 99.99 %";
  return `${trim(value, value > 99 && value < 100 ? digits + 1 : digits)} %`;
}

function scaled(unit, step, prefixes) {
  return (value) => {
    const [number, prefix] = short(value, step, prefixes);
    return `${number} ${prefix}${unit}`;
  };
}

const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/* How an amount of each unit is written in full, and on an axis. */
const UNITS = {
  share: [(value) => percent(value), (value) => `${trim(value * 100)} %`],
  cores: [(value) => `${trim(value)} ${value === 1 ? "core" : "cores"}`, (value) => trim(value)],
  bytes: [scaled("B", 1024, BINARY), scaled("B", 1024, BINARY)],
  "bytes/s": [scaled("B/s"), scaled("B/s")],
  "1/s": [(value) => `${count(value)}/s`, (value) => short(value).join("")],
  ms: [(value) => milliseconds(value), (value) => milliseconds(value)],
  count: [count, (value) => short(value).join("")],
  "s/s": [(value) => `${trim(value)} s/s`, (value) => trim(value)],
};

function unitOf(unit) {
  return UNITS[unit] ?? [(value) => `${count(value)} ${unit ?? ""}`.trim(), (value) => short(value).join("")];
}

export function amount(value, unit) {
  return value == null ? MISSING : unitOf(unit)[0](value);
}

export function onAxis(value, unit) {
  return value == null ? "" : unitOf(unit)[1](value);
}

const two = (number) => String(number).padStart(2, "0");

/* Seconds since the start, as 1:05 or 1:00:05. */
export function elapsed(seconds) {
  if (seconds == null) return MISSING;
  const sign = seconds < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return sign + (hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`);
}

/* A length of time in words: 5 min 3 s. */
export function duration(seconds) {
  if (seconds == null) return MISSING;
  if (seconds < 59.95) return `${trim(seconds)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const parts = [hours && `${hours} h`, minutes && `${minutes} min`, rest && !hours && `${rest} s`];
  return parts.filter(Boolean).join(" ");
}

export function clock(unixMs) {
  const date = new Date(unixMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

export function day(unixMs) {
  const date = new Date(unixMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function plural(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}
