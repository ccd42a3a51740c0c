(() => {
  "use strict";

  const EVERY = 2000, COLOURS = 8, SVG = "http://www.w3.org/2000/svg";
  const part = (id) => document.getElementById(id);
  const make = (name, told = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(told)) if (value !== null) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  };
  const drawn = (name, told) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(told)) element.setAttribute(key, value);
    return element;
  };
  const words = (v) => (v === null ? "–" : Math.abs(v) >= 1e5 || (v && Math.abs(v) < 1e-3) ? v.toExponential(2)
    : v.toFixed(Math.abs(v) < 10 ? 3 : 2)).replace("-", "−");
  const whole = (v) => v.toLocaleString("en");
  const time = (s) => (s < 90 ? `${Math.round(s)} s` : s < 5400 ? `${Math.round(s / 60)} min` : s < 172800
    ? `${(s / 3600).toFixed(1)} h` : `${(s / 86400).toFixed(1)} days`);

  // ticks at 1, 2 or 5 times a power of ten
  const ticks = (low, high, many) => {
    const rough = (high - low) / many || 1, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((one) => one >= rough);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let v = Math.ceil(low / step - 1e-9) * step || 0; v <= high + 1e-9 * step; v += step) found.push([v, v.toFixed(digits).replace("-", "−")]);
    return found;
  };

  const preferred = ["elbo", "iwae", "reconstruction", "value", "margin", "loss"];
  const fill = (id, names, usual) => {
    const select = part(id), before = select.value;
    if ([...select.options].map((one) => one.value).join("\n") === names.join("\n")) return;
    select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
    select.value = names.includes(before) ? before : usual ?? names[0] ?? "";
  };
  // nats of other data, or of another likelihood, have no axis in common
  const compared = (runs) => runs.map((run, i) => ({ run, i })).filter(({ run }) => run.alike === part("alike").value);
  const fillChoice = (runs) => {
    const groups = [...new Set(runs.filter((run) => Object.keys(run.curves).length).map((run) => run.alike))];
    fill("alike", groups);
    part("of").hidden = groups.length < 2;
    const names = [...new Set(compared(runs).flatMap(({ run }) => Object.keys(run.curves)))].sort();
    fill("quantity", names, preferred.find((name) => names.includes(name)));
  };

  const drawCurves = (runs) => {
    const quantity = part("quantity").value, lines = [];
    compared(runs).forEach(({ run, i }) => {
      const splits = run.curves[quantity] ?? {};
      for (const split of ["train", "validation"]) {
        if (splits[split] && (split === "validation" || part("train").checked || !splits.validation)) {
          lines.push({ run, i, split, steps: splits[split][0], values: splits[split][1] });
        }
      }
    });
    part("curves").hidden = !lines.length;
    if (!lines.length) return;
    // where training starts everything is far away: the first tenth of the way does not stretch the axis
    const right = Math.max(...lines.flatMap((line) => line.steps)), late = lines.flatMap(({ steps, values }) =>
      values.filter((_, k) => steps[k] >= 0.1 * steps.at(-1) && (steps[k] || steps.length === 1)));
    let low = Math.min(...late), high = Math.max(...late);
    const room = 0.05 * (high - low) || Math.abs(high) * 0.05 || 1;
    [low, high] = [low - room, high + room];
    const x = (s) => (100 * s) / (right || 1), y = (v) => (100 * (v - low)) / (high - low);
    const plot = document.querySelector(".plot"), svg = plot.querySelector("svg");
    plot.querySelectorAll(".grid, .tick").forEach((one) => one.remove());
    for (const [v, text] of ticks(low, high, 5)) {
      const grid = make("i", { class: "grid" }), tick = make("span", { class: "y tick" }, text);
      grid.style.bottom = tick.style.bottom = `${y(v)}%`;
      plot.append(grid, tick);
    }
    for (const [v] of ticks(0, right, innerWidth < 500 ? 3 : 6)) {
      const tick = make("span", { class: "x tick" }, whole(v));
      tick.style.left = `${x(v)}%`;
      plot.append(tick);
    }
    svg.setAttribute("aria-label", `${quantity} over steps; the last values are in the list above`);
    svg.replaceChildren(...lines.map(({ i, split, steps, values }) => {
      const group = drawn("g", { class: `c${i % COLOURS}` });
      // a curve of one place is a dot
      const points = steps.length > 1 ? steps.map((s, k) => `${x(s)},${100 - y(values[k])}`) : [`${x(steps[0])},${100 - y(values[0])}`, `${x(steps[0]) + 0.8},${100 - y(values[0])}`];
      group.append(drawn("polyline", { class: `${split} s${i % COLOURS}`, points: points.join(" ") }));
      return group;
    }));
    part("legend").replaceChildren(...lines.map(({ run, i, split, values }) => {
      const mark = drawn("svg", { viewBox: "0 0 28 6", width: 28, height: 6, "aria-hidden": "true" });
      mark.append(drawn("line", { class: `s${i % COLOURS}`, x1: 1, y1: 3, x2: 27, y2: 3 }));
      return make("li", { class: `c${i % COLOURS}` }, mark, ` ${run.name}${split === "train" ? " (training)" : ""} ${words(values.at(-1))}`);
    }));
  };

  // two columns have axes of their own, cut where 1 % lie beyond; points of a plane one scale around its middle
  const units = (v) => Number(v.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 20 }).replace("-", "−");
  const scale = (low, high) => ({ low, high, place: (v) => (100 * (v - low)) / (high - low || 1) });
  const within = (values) => {
    const sorted = [...values].sort((a, b) => a - b), at = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
    const [low, high] = [at(0.01), at(0.99)], room = 0.05 * (high - low) || Math.abs(low) * 0.05 || 1;
    return scale(low - room, high + room);
  };
  const alike = (dots) => {
    const flat = dots.flat().map(Math.abs).sort((a, b) => a - b), reach = 1.1 * (flat[Math.floor(0.99 * flat.length)] || 1);
    return [scale(-reach, reach), scale(-reach, reach)];
  };
  const rowsOf = ([names, ...rows], label) => make("div", { class: "table", tabindex: 0, role: "region", "aria-label": label },
    make("table", {}, make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell || "–")))))));

  const samplesOf = (run) => {
    const { samples } = run;
    if (!samples) return [];
    const label = `Samples of ${run.name} after step ${whole(samples.step)}`;
    const caption = make("p", {}, `samples after step ${whole(samples.step)}`);
    if (samples.picture) return [make("img", { src: samples.picture, alt: label }), caption];
    if (samples.rows) return [rowsOf(samples.rows, label), caption];
    const [x, y] = samples.axes ? [0, 1].map((k) => within(samples.dots.map((one) => one[k]))) : alike(samples.dots);
    const svg = drawn("svg", { class: "dots", viewBox: "0 0 100 100", role: "img", "aria-label": label });
    samples.dots.forEach(([a, b]) => svg.append(drawn("circle", { cx: x.place(a), cy: 100 - y.place(b), r: 0.7 })));
    if (!samples.axes) return [svg, caption];
    const told = [x, y].map(({ low, high }, k) => `${samples.axes[k]} ${units(low)} to ${units(high)}`);
    return [svg, make("p", {}, `across: ${told[0]}; up: ${told[1]}`), caption];
  };

  const card = (run, i) => {
    const found = make("article", { class: `run c${i % COLOURS}` });
    found.style.order = { training: 0, starting: 0, finished: 2 }[run.state] ?? 1; // who is at work comes first
    found.append(make("h2", {}, run.name, make("span", { class: `state ${run.state}` }, run.state)));
    if (run.model) found.append(make("p", {}, run.model));
    if (run.why) found.append(make("p", { class: "why" }, run.why));
    if (run.total) {
      const far = run.state === "finished" ? "" : run.left === null ? "" : `, ${time(run.left)} left`;
      found.append(make("progress", { max: run.total, value: Math.min(run.step, run.total), "aria-label": `How far ${run.name} is` }));
      found.append(make("p", {}, `step ${whole(run.step)} of ${whole(run.total)}, epoch ${run.epoch.toFixed(1)}${far}`));
    }
    const list = make("dl");
    for (const split of ["test", "validation", "train"]) {
      const numbers = Object.entries(run.reached[split] ?? {}).slice(0, 6).map(([name, v]) => `${name} ${words(v)}`).join(", ");
      if (numbers) list.append(make("dt", {}, split === "train" ? "training" : split), make("dd", {}, numbers));
    }
    if (list.children.length) found.append(list);
    if (run.notes.length) found.append(make("ul", { "aria-label": `What was said of ${run.name}` },
      ...run.notes.slice(-6).map(([step, note]) => make("li", {}, step ? `step ${whole(step)}: ${note}` : note))));
    found.append(...samplesOf(run));
    return found;
  };

  // What has not changed stays as it is, so that a text that is being read, or marked, is not taken away.
  let last = [], cards = [];
  const show = ({ runs, why }) => {
    const at = (state) => runs.filter((run) => run.state === state).length;
    const counts = ["training", "starting", "stale", "interrupted", "damaged", "finished"].filter(at).map((state) => `${at(state)} ${state}`);
    part("told").textContent = why || counts.join(", ");
    document.title = at("training") ? `${at("training")} training` : "Runs";
    fillChoice(runs);
    drawCurves(runs);
    const told = runs.map((run, i) => JSON.stringify([i, { ...run, curves: null, quiet: null }]));
    if (told.length !== last.length) {
      cards = runs.map(card);
      part("runs").replaceChildren(...cards);
    } else {
      told.forEach((one, i) => {
        if (one === last[i]) return;
        const fresh = card(runs[i], i);
        cards[i].replaceWith(fresh);
        cards[i] = fresh;
      });
    }
    last = told;
    part("runs").hidden = !runs.length;
    state = runs;
  };

  let state = [];
  const look = async () => {
    try {
      show(await (await fetch("/state")).json());
    } catch {
      part("told").textContent = "The watching has ended: this is what was seen last.";
    }
    setTimeout(look, EVERY);
  };
  part("alike").addEventListener("change", () => { fillChoice(state); drawCurves(state); });
  part("quantity").addEventListener("change", () => drawCurves(state));
  part("train").addEventListener("change", () => drawCurves(state));
  look();
})();
