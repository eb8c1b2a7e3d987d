"use strict";
(() => {
  const { runs, objective } = JSON.parse(document.getElementById("data").textContent);
  const PALETTES = {
    light: ["#2563eb", "#d9730d", "#0d9488", "#9333ea", "#be185d", "#4d7c0f", "#0891b2", "#78716c"],
    dark: ["#6b9bff", "#f5a04c", "#3fd0bf", "#c084fc", "#f472b6", "#a3d65c", "#4cc9e6", "#b5aea8"],
  };
  const PERCENTILES = [
    { column: 1, label: "p50", width: 1.25, dash: [] },
    { column: 2, label: "p95", width: 1.25, dash: [6, 4] },
    { column: 3, label: "p99", width: 2.25, dash: [] },
    { column: 4, label: "max", width: 1, dash: [2, 3] },
  ];
  const root = document.documentElement;
  const state = {
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
    view: "percentiles",
    scale: "log",
    shown: runs.map(() => true),
    zoom: null,
  };
  const charts = [];

  const color = (index) => PALETTES[state.theme][index % PALETTES[state.theme].length];
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const visible = () => runs.map((run, index) => ({ run, index })).filter((each) => state.shown[each.index]);
  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const trim = (value, digits) => String(Number(value.toPrecision(digits)));
  const milliseconds = (ms, digits = 4) => {
    if (ms == null) return "–";
    if (ms === 0) return "0";
    if (ms < 1) return `${trim(ms * 1000, digits)} µs`;
    if (ms < 1000) return `${trim(ms, digits)} ms`;
    return `${trim(ms / 1000, digits)} s`;
  };
  const seconds = (s) => {
    if (s < 60) return `${trim(s, 4)} s`;
    const rest = Math.round(s % 60);
    const minutes = Math.floor(s / 60);
    if (minutes < 60) return `${minutes}m${String(rest).padStart(2, "0")}s`;
    return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
  };
  const count = (value) => (value == null ? "–" : value >= 100 ? Math.round(value).toLocaleString("en") : trim(value, 3));
  const share = (nines) => {
    const left = Math.pow(10, -nines) * 100;
    const decimals = Math.max(0, Math.ceil(nines - 2 + 1e-9));
    return `${(100 - left).toFixed(Math.min(decimals, 6))} %`;
  };

  function table() {
    const body = document.querySelector("#runs tbody");
    runs.forEach((run, index) => {
      const row = element("tr");
      const head = element("th", undefined, { scope: "row" });
      const label = element("label");
      const box = element("input", undefined, { type: "checkbox", checked: "" });
      box.addEventListener("change", () => {
        state.shown[index] = box.checked;
        row.classList.toggle("off", !box.checked);
        draw();
      });
      label.append(box, element("span", run.name));
      head.append(label);
      const success = run.requests ? ((run.requests - run.failed) / run.requests) * 100 : 0;
      const rate = run.seconds > 0 ? run.requests / run.seconds : run.requests;
      row.append(head, element("td", run.requests.toLocaleString("en")), element("td", `${count(rate)}/s`));
      // Rounding must not make a run with failures look perfect.
      const rounded = run.failed && success > 99.99 ? "< 100 %" : `${success.toFixed(2)} %`;
      row.append(element("td", rounded, run.failed ? { class: "bad" } : {}));
      for (const value of run.totals) row.append(element("td", milliseconds(value)));
      body.append(row);
    });
  }

  function colors() {
    root.dataset.theme = state.theme;
    document.querySelectorAll("#runs tbody tr").forEach((row, index) => row.style.setProperty("--run", color(index)));
  }

  /* A box beside the cursor with the value of each series there. */
  function tooltip(title, format) {
    let box;
    return {
      hooks: {
        init: (chart) => {
          box = element("div", undefined, { class: "tip", hidden: "" });
          chart.over.append(box);
        },
        setCursor: (chart) => {
          const { left, top, idx, idxs } = chart.cursor;
          const rows = [];
          if (left >= 0 && idx != null) {
            chart.series.forEach((series, at) => {
              if (at === 0 || !series.show) return;
              const value = chart.data[at][idxs?.[at] ?? idx];
              if (value != null) rows.push([series, value]);
            });
          }
          box.hidden = rows.length === 0;
          if (box.hidden) return;
          box.replaceChildren(element("b", title(chart.data[0][idx])));
          const list = element("table");
          for (const [series, value] of rows) {
            const row = element("tr");
            const name = element("td");
            const mark = element("i");
            mark.style.background = series.tint;
            name.append(mark, series.label);
            row.append(name, element("td", format(value)));
            list.append(row);
          }
          box.append(list);
          const width = box.offsetWidth;
          box.style.left = `${left + width + 24 > chart.over.clientWidth ? Math.max(0, left - width - 14) : left + 14}px`;
          box.style.top = `${Math.max(0, Math.min(top, chart.over.clientHeight - box.offsetHeight))}px`;
        },
      },
    };
  }

  const objectiveLine = {
    hooks: {
      draw: (chart) => {
        if (objective == null) return;
        const y = chart.valToPos(objective, "y", true);
        const { left, top, width, height } = chart.bbox;
        if (!(y >= top && y <= top + height)) return;
        const { ctx } = chart;
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = css("--bad");
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash([8 * devicePixelRatio, 5 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(left, y);
        ctx.lineTo(left + width, y);
        ctx.stroke();
        ctx.font = `${11.5 * devicePixelRatio}px system-ui, sans-serif`;
        ctx.textAlign = "right";
        ctx.fillText(`objective ${milliseconds(objective)}`, left + width - 6, y - 7 * devicePixelRatio);
        ctx.restore();
      },
    },
  };

  const axis = (more) => ({
    stroke: css("--soft"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: css("--grid"), width: 1 },
    ticks: { stroke: css("--grid"), width: 1, size: 5 },
    ...more,
  });
  const timeAxis = () => axis({ size: 30, values: (_, splits) => splits.map(seconds), space: 80 });
  /* On a logarithmic scale not every grid line has room for a label. */
  const latencyAxis = () => axis({
    size: 68,
    values: (chart, splits) => splits.map((value) => {
      if (value == null) return "";
      const first = Number(value.toExponential()[0]);
      return state.scale === "log" && ![1, 2, 5].includes(first) ? "" : milliseconds(value, 3);
    }),
    /* Grid lines at the decades alone. */
    ...(state.scale === "log" ? { filter: (chart, splits) => splits.map((value) => (value != null && (chart.scales.y.max / chart.scales.y.min < 30 || value.toExponential()[0] === "1") ? value : null)) } : {}),
  });
  const latencyScale = () => (state.scale === "log"
    ? { distr: 3, log: 10, range: (_, min, max) => (min == null ? [0.1, 1000] : spread(Math.max(min, 1e-4), Math.max(max, objective ?? 0, 1e-3))) }
    : { range: (_, __, max) => [0, Math.max(max ?? 0, objective ?? 0) * 1.06 || 1] });
  const spread = (min, max) => [min / 1.3, max * 1.3];

  const line = (run, index, label, more) => ({
    label: runs.length > 1 ? `${run.name} ${label}`.trim() : label || run.name,
    stroke: color(index),
    tint: color(index),
    width: 2,
    points: { show: false },
    spanGaps: false,
    ...more,
  });
  const dots = (run, index, label, tint) => ({
    label: runs.length > 1 ? `${run.name} ${label}` : label,
    tint,
    paths: () => null,
    points: { show: true, size: 3.5, width: 0, fill: tint, space: 0 },
  });

  function percentiles() {
    const tables = [];
    const series = [];
    for (const { run, index } of visible()) {
      tables.push([run.intervals[0], ...PERCENTILES.map(({ column }) => run.intervals[column])]);
      for (const { label, width, dash } of PERCENTILES) {
        series.push(line(run, index, label, { width, dash, alpha: label === "max" ? 0.75 : 1 }));
      }
    }
    return { tables, series };
  }

  function responses() {
    const tables = [];
    const series = [];
    /* uPlot wants each time once per table; of equal times the slower response stays, being last. */
    const columns = (pairs) => {
      const byTime = new Map(pairs);
      return [[...byTime.keys()], [...byTime.values()]];
    };
    for (const { run, index } of visible()) {
      if (run.dots.length) {
        tables.push(columns(run.dots));
        series.push(dots(run, index, "response", color(index)));
      }
      if (run.failures.length) {
        tables.push(columns(run.failures));
        series.push(dots(run, index, "failure", css("--bad")));
      }
    }
    return { tables, series };
  }

  function rates() {
    const tables = [];
    const series = [];
    for (const { run, index } of visible()) {
      tables.push([run.intervals[0], run.intervals[5], run.intervals[6]]);
      series.push(line(run, index, "requests", {}));
      series.push(line(run, index, "failures", { stroke: css("--bad"), tint: css("--bad"), width: 1.5, dash: [5, 4], show: run.failed > 0 }));
    }
    return { tables, series };
  }

  function distributions() {
    const tables = [];
    const series = [];
    const split = (pairs) => [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
    for (const { run, index } of visible()) {
      tables.push(split(run.distribution));
      series.push(line(run, index, "response time", { spanGaps: true }));
      if (run.service.length) {
        tables.push(split(run.service));
        series.push(line(run, index, "service time", { width: 1.25, dash: [5, 4], spanGaps: true }));
      }
    }
    return { tables, series };
  }

  function zoomed(chart, key) {
    if (key !== "x") return;
    const { min, max } = chart.scales.x;
    if (!state.zoom && (chart.end === undefined || (min === 0 && max === chart.end))) return;
    if (state.zoom && state.zoom[0] === min && state.zoom[1] === max) return;
    state.zoom = [min, max];
    document.getElementById("reset").disabled = false;
    for (const other of charts) if (other.timed && other !== chart) other.setScale("x", { min, max });
  }

  function plot(id, height, { tables, series }, more, timed) {
    const host = document.getElementById(id);
    host.replaceChildren();
    if (!tables.length) {
      host.append(element("p", "No run is selected.", { class: "empty" }));
      return;
    }
    const data = tables.length > 1 ? uPlot.join(tables) : tables[0];
    const end = Math.max(...visible().map(({ run }) => Math.max(run.seconds, run.width)));
    const chart = new uPlot({
      width: host.clientWidth || 600,
      height,
      legend: { show: false },
      cursor: {
        y: false,
        ...(timed ? { sync: { key: "time", setSeries: false }, drag: { x: true, y: false, setScale: true } } : { drag: { x: false, y: false } }),
        points: { size: 6 },
      },
      ...more,
      scales: { x: timed ? { time: false, range: (_, min, max) => [min, max] } : { time: false }, ...more.scales },
      series: [{}, ...series],
      hooks: timed ? { setScale: [zoomed] } : {},
    }, data, host);
    chart.timed = timed;
    chart.end = end;
    if (timed) {
      const [min, max] = state.zoom ?? [0, end];
      chart.setScale("x", { min, max });
    }
    charts.push(chart);
  }

  function keys() {
    const latency = document.getElementById("latency-key");
    latency.replaceChildren();
    const add = (where, mark, text, style = {}) => {
      const entry = element("span");
      const sign = element("i", undefined, mark ? { class: mark } : {});
      Object.assign(sign.style, style);
      entry.append(sign, text);
      where.append(entry);
    };
    if (state.view === "percentiles") {
      for (const { label, width, dash } of PERCENTILES) {
        const border = dash.length === 0 ? "solid" : dash[0] > 2 ? "dashed" : "dotted";
        add(latency, "", label, { borderTopStyle: border, borderTopWidth: `${Math.ceil(width)}px` });
      }
    } else {
      add(latency, "dot", "response");
      if (runs.some((run) => run.failed)) add(latency, "dot bad", "failure");
      const total = visible().reduce((sum, { run }) => sum + run.requests, 0);
      const drawn = visible().reduce((sum, { run }) => sum + run.dots.length + run.failures.length, 0);
      if (drawn < total) {
        latency.append(element("span", `${drawn.toLocaleString("en")} of ${total.toLocaleString("en")}: evenly thinned, with the slowest of each interval`));
      }
    }
    const distribution = document.getElementById("distribution-key");
    distribution.replaceChildren();
    if (visible().some(({ run }) => run.service.length)) {
      add(distribution, "", "response time");
      add(distribution, "", "service time: from the start of sending, what a tool that waits for its turn would show", { borderTopStyle: "dashed" });
    }
  }

  function draw() {
    for (const chart of charts.splice(0)) chart.destroy();
    colors();
    keys();
    const at = (time) => `at ${seconds(time)}`;
    const times = state.view === "percentiles" ? percentiles() : responses();
    plot("latency", 320, times, {
      scales: { y: latencyScale() },
      axes: [timeAxis(), latencyAxis()],
      plugins: [tooltip(at, milliseconds), objectiveLine],
    }, true);
    plot("rate", 190, rates(), {
      scales: { y: { range: (_, __, max) => [0, (max || 1) * 1.08] } },
      axes: [timeAxis(), axis({ size: 68, values: (_, splits) => splits.map(count) })],
      plugins: [tooltip(at, (value) => `${count(value)}/s`)],
    }, true);
    plot("distribution", 280, distributions(), {
      scales: { y: latencyScale() },
      axes: [
        axis({ size: 30, splits: (_, __, min, max) => [0, 0.30103, 1, 1.30103, 2, 3, 4, 5, 6, 7].filter((nine) => nine >= min && nine <= max), values: (_, splits) => splits.map((nine) => (nine === 0 ? "0 %" : share(nine))) }),
        latencyAxis(),
      ],
      plugins: [tooltip((nine) => `${share(nine)} within`, milliseconds), objectiveLine],
    }, false);
  }

  function unzoom() {
    if (!state.zoom) return;
    state.zoom = null;
    document.getElementById("reset").disabled = true;
    draw();
  }

  function choice(id) {
    const group = document.getElementById(id);
    group.addEventListener("click", ({ target }) => {
      if (!target.dataset.value) return;
      state[id] = target.dataset.value;
      for (const button of group.children) button.setAttribute("aria-pressed", String(button === target));
      draw();
    });
  }

  table();
  choice("view");
  choice("scale");
  document.getElementById("reset").addEventListener("click", unzoom);
  document.getElementById("theme").addEventListener("click", () => {
    state.theme = state.theme === "dark" ? "light" : "dark";
    draw();
  });
  addEventListener("keydown", ({ key }) => { if (key === "Escape") unzoom(); });
  addEventListener("dblclick", ({ target }) => { if (target.closest(".u-over")) unzoom(); });
  let waiting;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 120);
  });
  draw();
})();
