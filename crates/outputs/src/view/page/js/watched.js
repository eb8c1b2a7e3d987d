/* What was watched beside the load: for each thing its charts, under the same cursor. */

import { element, refresh } from "./dom.js";
import { amount } from "./format.js";
import { greatest, hasNumbers, isAbove, last, line } from "./lines.js";
import { LATENESS_LIMIT_MS } from "./figures.js";
import { Panel } from "./panel.js";
import { shownRuns } from "./store.js";
import { inTurn } from "./theme.js";

/* Charts by kind: title, metrics in it and whether they are stacked. Metrics that are in none have a
   chart each. */
const CHARTS = {
  host: [
    ["CPU", ["host_cpu_utilization"]],
    ["CPU by state", ["host_cpu_user", "host_cpu_system", "host_cpu_iowait", "host_cpu_steal"], true],
    ["CPU by core", ["host_cpu_core_utilization"]],
    ["Run queue", ["host_run_queue_length"]],
    [
      "Pressure",
      [
        "host_pressure_cpu_some",
        "host_pressure_memory_some",
        "host_pressure_memory_full",
        "host_pressure_io_some",
        "host_pressure_io_full",
      ],
    ],
    ["Memory", ["host_memory_used_bytes", "host_memory_available_bytes"]],
    ["Memory trouble", ["host_major_faults", "host_oom_kills"]],
    ["Network", ["host_network_received_bytes", "host_network_sent_bytes"]],
    ["Packets", ["host_network_received_packets", "host_network_sent_packets", "host_tcp_segments_sent"]],
    [
      "Network trouble",
      ["host_tcp_retransmits", "host_listen_overflows", "host_listen_drops", "host_network_dropped_packets"],
    ],
    ["Sockets", ["host_sockets"], true],
    ["Disk utilization", ["host_disk_utilization"]],
    ["Disk", ["host_disk_read_bytes", "host_disk_written_bytes"]],
    ["Disk latency", ["host_disk_latency"]],
    ["Disk queue", ["host_disk_queue"]],
    ["File descriptors", ["host_file_descriptors"]],
  ],
  process: [
    ["CPU", ["process_cpu_utilization", "process_cpu_user", "process_cpu_system"]],
    ["Hottest thread", ["process_hottest_thread_utilization"]],
    ["Waiting for a core", ["process_run_delay"]],
    ["Memory", ["process_memory_bytes"]],
    ["Major faults", ["process_major_faults"]],
    ["Disk", ["process_disk_read_bytes", "process_disk_written_bytes"]],
    ["Listen queue", ["process_listen_queue"]],
    ["Threads and processes", ["process_threads", "process_processes"]],
    ["File descriptors", ["process_file_descriptors"]],
  ],
  cgroup: [
    ["CPU", ["cgroup_cpu_utilization"]],
    ["CPU throttled", ["cgroup_cpu_throttled_share"]],
    ["Throttled time", ["cgroup_cpu_throttled_seconds"]],
    ["Memory", ["cgroup_memory_bytes"]],
    ["OOM kills", ["cgroup_oom_kills"]],
    [
      "Pressure",
      [
        "cgroup_pressure_cpu_some",
        "cgroup_pressure_cpu_full",
        "cgroup_pressure_memory_some",
        "cgroup_pressure_memory_full",
        "cgroup_pressure_io_some",
        "cgroup_pressure_io_full",
      ],
    ],
    ["Disk", ["cgroup_disk_read_bytes", "cgroup_disk_written_bytes"]],
    ["Disk limit", ["cgroup_disk_utilization"]],
  ],
};
CHARTS.generator = CHARTS.process;

/* Lines of a chart from which on only those that move are drawn. */
const MANY = 3;

/* Tags that name the thing itself, so no line. */
const OWN_TAGS = new Set(["host", "process", "cgroup", "service", "role"]);

/* What of a thing is told in its heading. */
const HEADLINES = /(_cpu_utilization|_memory_bytes|_memory_used_bytes)$/;

const KIND_NAMES = {
  generator: "load generator",
  host: "host",
  process: "process",
  cgroup: "cgroup",
  postgres: "PostgreSQL",
  redis: "Redis",
  nginx: "nginx",
  prometheus: "Prometheus endpoint",
};

/* The things of all runs that are shown, each once, in the order of the first. */
export function things() {
  const found = new Map();
  for (const run of shownRuns()) {
    for (const thing of run.watched ?? []) {
      const key = keyOf(thing);
      if (!found.has(key)) found.set(key, { key, kind: thing.kind, name: thing.name, host: thing.host });
    }
  }
  return [...found.values()].sort((a, b) => (a.kind === "generator") - (b.kind === "generator"));
}

export const keyOf = (thing) => `${thing.kind} ${thing.name} ${thing.host ?? ""}`;

function of(run, key) {
  return (run.watched ?? []).find((thing) => keyOf(thing) === key);
}

/* Charts of a thing, from whatever signals it has. */
function layout(key, kind) {
  const signals = shownRuns()
    .flatMap((run) => of(run, key)?.signals ?? [])
    .filter((signal) => hasNumbers(signal.values));
  const metrics = new Set(signals.filter((signal) => !isQuiet(signal)).map(({ metric }) => metric));
  const quiet = new Set(
    signals
      .filter((signal) => isQuiet(signal) && !metrics.has(signal.metric))
      .map(({ metric }) => titled(metric, kind)),
  );
  const charts = [];
  for (const [title, names, isStacked] of CHARTS[kind] ?? []) {
    const present = names.filter((name) => metrics.delete(name));
    if (present.length) charts.push({ title, names: present, isStacked });
  }
  for (const name of metrics) charts.push({ title: titled(name, kind), names: [name] });
  return { charts, quiet: [...quiet] };
}

/* What counts something that never happened needs no chart full of zeros. */
function isQuiet({ unit, values }) {
  return ["1/s", "s/s", "bytes/s"].includes(unit) && !isAbove(values);
}

/* redis_connected_clients as "Connected clients". */
function titled(metric, kind) {
  const own = kind === "generator" ? "process_" : `${kind}_`;
  const bare = metric.startsWith(own) ? metric.slice(own.length) : metric;
  const words = bare
    .replace(/_(bytes|seconds)$/, "")
    .replaceAll("_", " ")
    .replace(/\b(cpu|io|oom|tcp)\b/g, (word) => word.toUpperCase());
  return words[0].toUpperCase() + words.slice(1);
}

/* What tells a signal from the others of its chart. */
function labelOf(signal, names) {
  const tags = Object.entries(signal.tags ?? {})
    .filter(([name]) => !OWN_TAGS.has(name))
    .map(([name, value]) => (/^\d+$/.test(value) ? `${name} ${value}` : value));
  const word = names.length > 1 ? wordOf(signal.metric, names) : "";
  return [tags.join(" "), word].filter(Boolean).join(" ") || signal.label || "value";
}

/* The part of a metric's name that the others of its chart do not have. */
function wordOf(metric, names) {
  const parts = names.map((name) => name.split("_"));
  let start = 0;
  while (parts.every((words) => words.length > start + 1 && words[start] === parts[0][start])) start += 1;
  const words = metric
    .split("_")
    .slice(start)
    .filter((word) => word !== "bytes")
    .join(" ");
  return (
    words.replace(/^utilization$/, "total").replace(/\b(cpu|io|oom|tcp)\b/g, (word) => word.toUpperCase()) || "total"
  );
}

/* The signals of a chart in the order of its metrics. Of many those that were never more than nothing are
   left out: a machine has more kinds of sockets than are used. */
function moving(signals, names) {
  const all = signals
    .filter((signal) => names.includes(signal.metric))
    .sort((a, b) => names.indexOf(a.metric) - names.indexOf(b.metric));
  const some = all.filter(({ values }) => isAbove(values));
  return all.length > MANY && some.length ? some : all;
}

function model(within, key, chart) {
  const lines = [];
  const limits = [];
  let unit;
  for (const run of within.runs) {
    const signals = moving(of(run, key)?.signals ?? [], chart.names);
    signals.forEach((signal, at) => {
      unit ??= signal.unit;
      const isOnly = signals.length === 1;
      const look = {
        color: inTurn(at),
        role: at,
        stack: chart.isStacked,
        fill: isOnly ? 0.14 : 0,
        width: at === 0 ? 1.8 : 1.4,
      };
      lines.push(line(within, run, labelOf(signal, chart.names), signal.values, look));
      if (signal.limit != null)
        limits.push({ label: `limit ${amount(signal.limit, signal.unit)}`, value: signal.limit });
    });
  }
  return lines.length ? { x: within.x, lines, limits: limits.slice(0, 2), unit } : { empty: "No data yet" };
}

/* How late what was due started: whatever else it does, a generator has to be on time. */
function latenessPanel(id) {
  return new Panel({
    id: `${id}-late`,
    title: "Lateness",
    note: "from due to start",
    height: 150,
    // In the closed model nothing is due at a time of its own.
    isWanted: () => shownRuns().some((run) => run.model === "open"),
    build: (within) => {
      const lines = within.runs.flatMap((run) =>
        [
          ["p50", "--level1"],
          ["p99", "--level4"],
        ]
          .filter(([name]) => hasNumbers(run.latency.lateness?.[name]))
          .map(([name, color], role) =>
            line(within, run, name, run.latency.lateness[name], { color, role: 1 - role, width: 1.6 }),
          ),
      );
      const limits = [{ label: `limit of p99 ${amount(LATENESS_LIMIT_MS, "ms")}`, value: LATENESS_LIMIT_MS }];
      return lines.length ? { x: within.x, lines, unit: "ms", log: true, limits } : { empty: "No data yet" };
    },
  });
}

/* The section of a thing; keeps its panels while its signals are the same. */
export class Section {
  #panels = [];
  #figures = element("p", { class: "figures" });
  #grid = element("div", { class: "grid small" });
  #quiet = element("p", { class: "quiet" });
  #layout = "";

  constructor(thing) {
    this.thing = thing;
    this.id = `watched-${thing.key.replaceAll(/[^A-Za-z0-9_-]+/g, "-")}`;
    const where = thing.kind === "host" ? null : thing.host;
    this.title = thing.kind === "generator" ? "Generator" : thing.name;
    const about = [KIND_NAMES[thing.kind] ?? thing.kind, where && `on ${where}`].filter(Boolean).join(" ");
    this.element = element(
      "section",
      { class: "group", id: this.id, "aria-label": `${this.title}, ${about}` },
      element(
        "div",
        { class: "group-head" },
        element("h2", {}, this.title, element("small", {}, about)),
        this.#figures,
      ),
      this.#grid,
      this.#quiet,
    );
  }

  update() {
    const { key, kind } = this.thing;
    const { charts, quiet } = layout(key, kind);
    this.#quiet.textContent = quiet.length ? `None of: ${quiet.join(", ")}` : "";
    const shape = JSON.stringify(charts);
    if (shape !== this.#layout) {
      this.#layout = shape;
      this.#panels.forEach((panel) => panel.remove());
      this.#panels = charts.map(
        (chart, at) =>
          new Panel({
            id: `${this.id}-${at}`,
            title: chart.title,
            height: 150,
            build: (within) => model(within, key, chart),
          }),
      );
      if (kind === "generator") this.#panels.unshift(latenessPanel(this.id));
      this.#grid.replaceChildren(...this.#panels.map((panel) => panel.element));
    }
    this.#tell();
  }

  #tell() {
    const runs = shownRuns();
    const told =
      runs.length !== 1
        ? []
        : (of(runs[0], this.thing.key)?.signals ?? [])
            .filter(({ metric, values }) => HEADLINES.test(metric) && hasNumbers(values))
            .map((signal) => [signal.metric.includes("cpu") ? "CPU" : "memory", signal]);
    const texts = told.map(([name, { values, unit }]) => [
      name,
      amount(last(values), unit),
      amount(greatest(values), unit),
    ]);
    refresh(this.#figures, JSON.stringify(texts), () =>
      texts.map(([name, now, most]) => element("span", {}, `${name} `, element("b", {}, now), ` highest ${most}`)),
    );
  }

  remove() {
    this.#panels.forEach((panel) => panel.remove());
    this.element.remove();
  }
}
