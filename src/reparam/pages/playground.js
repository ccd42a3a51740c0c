(() => {
  "use strict";

  const FIRST = 24; // sliders that are not folded away
  const gauss = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  const words = (v, digits = 2) => (Number.isFinite(v) ? v.toFixed(digits).replace("-", "−") : "–");
  const make = (name, attributes = {}, text = "") => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    return element;
  };

  // Draws an example on a canvas: an image as it is, a vector as bars.
  const painter = ({ shape, play: { look } }) => {
    const [channels, height, width] = shape.length === 3 ? shape : [1, 120, 240];
    const level = (v) => (v - look.low) / (look.high - look.low || 1);
    const image = (pen, x) => {
      const picture = pen.createImageData(width, height), plane = height * width;
      const bands = look.bands.length ? look.bands : channels === 1 ? [0] : [0, 1, 2].slice(0, channels);
      for (let p = 0; p < plane; p++) {
        const opaque = look.opacity === null ? 1 : Math.min(1, Math.max(0, level(x[look.opacity * plane + p])));
        for (let c = 0; c < 3; c++) {
          const seen = level(x[bands[Math.min(c, bands.length - 1)] * plane + p]);
          picture.data[4 * p + c] = 255 * (opaque * seen + (1 - opaque) * 0.5);
        }
        picture.data[4 * p + 3] = 255;
      }
      pen.putImageData(picture, 0, 0);
    };
    const bars = (pen, x) => {
      const at = (v) => height * (1 - Math.min(1, Math.max(0, level(v)))), wide = width / x.length;
      pen.clearRect(0, 0, width, height);
      pen.fillStyle = getComputedStyle(pen.canvas).color;
      x.forEach((v, i) => {
        const top = Math.min(at(v), at(0)), tall = Math.max(1, Math.abs(at(v) - at(0)));
        pen.fillRect((i + 0.1) * wide, top, 0.8 * wide, tall);
      });
    };
    return (canvas, x) => {
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      (shape.length === 3 ? image : bars)(canvas.getContext("2d"), x);
    };
  };

  // A pen on an example's own pixels: `x` is what was drawn, and `changed` is called with it.
  const paper = (canvas, { shape, play }, tools, changed) => {
    const [channels, height, width] = shape, plane = height * width;
    const { low, high } = play.look, radius = Math.max(0.5, 0.048 * Math.min(height, width));
    const x = new Float64Array(channels * plane).fill(play.background);
    let under = null, cover = null, last = null, cursor = [width / 2, height / 2], down = false;

    const colour = () => {
      if (tools.eraser.checked) return Array(channels).fill(play.background);
      const hex = tools.colour.value, part = (c) => parseInt(hex.slice(1 + 2 * c, 3 + 2 * c), 16) / 255;
      const ink = play.background < (low + high) / 2 ? high : low;
      return channels === 3 ? [0, 1, 2].map((c) => low + (high - low) * part(c)) : Array(channels).fill(ink);
    };
    const begin = (point) => { under = x.slice(); cover = new Float64Array(plane); last = point; };
    const line = (to) => {
      const [ax, ay] = last, [bx, by] = to, length = (bx - ax) ** 2 + (by - ay) ** 2, ink = colour();
      for (let row = 0, p = 0; row < height; row++) {
        for (let column = 0; column < width; column++, p++) {
          const px = column + 0.5 - ax, py = row + 0.5 - ay;
          const along = length ? Math.min(1, Math.max(0, (px * (bx - ax) + py * (by - ay)) / length)) : 0;
          const far = Math.hypot(px - along * (bx - ax), py - along * (by - ay));
          cover[p] = Math.max(cover[p], Math.min(1, Math.max(0, radius + 0.5 - far)));
          for (let c = 0; c < channels; c++) {
            x[c * plane + p] = under[c * plane + p] * (1 - cover[p]) + ink[c] * cover[p];
          }
        }
      }
      last = to;
      changed(x);
    };
    const place = (event) => {
      const frame = canvas.getBoundingClientRect();
      return [((event.clientX - frame.left) / frame.width) * width, ((event.clientY - frame.top) / frame.height) * height];
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      begin(place(event));
      line(last);
      cursor = last;
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) for (const one of event.getCoalescedEvents?.() ?? [event]) line(place(one));
    });
    const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    canvas.addEventListener("keydown", (event) => {
      if (event.key === " ") {
        down = !down;
        if (down) { begin(cursor); line(cursor); }
      } else if (event.key in STEPS) {
        const [dx, dy] = STEPS[event.key];
        cursor = [Math.min(width, Math.max(0, cursor[0] + dx)), Math.min(height, Math.max(0, cursor[1] + dy))];
        if (down) line(cursor); else changed(x);
      } else return;
      event.preventDefault();
    });

    // as the digits of MNIST were prepared: the longer side 20 of 28, the centre of mass in the middle
    const centre = () => {
      const weight = (p) => Math.abs(x[p] - play.background);
      let mass = 0, mx = 0, my = 0, top = height, bottom = -1, left = width, right = -1;
      for (let p = 0; p < plane; p++) {
        const w = weight(p), row = Math.floor(p / width), column = p % width;
        if (w < 0.1 * (high - low)) continue;
        mass += w; mx += w * (column + 0.5); my += w * (row + 0.5);
        top = Math.min(top, row); bottom = Math.max(bottom, row); left = Math.min(left, column); right = Math.max(right, column);
      }
      if (!mass) return;
      const scale = Math.max((bottom - top + 1) / height, (right - left + 1) / width) / (20 / 28), from = x.slice();
      const at = (c, row, column) => (row < 0 || column < 0 || row >= height || column >= width
        ? play.background : from[c * plane + row * width + column]);
      for (let c = 0; c < channels; c++) {
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            const u = (column + 0.5 - width / 2) * scale + mx / mass - 0.5, v = (row + 0.5 - height / 2) * scale + my / mass - 0.5;
            const i = Math.floor(v), j = Math.floor(u), a = v - i, b = u - j;
            x[c * plane + row * width + column] = (1 - a) * ((1 - b) * at(c, i, j) + b * at(c, i, j + 1))
              + a * ((1 - b) * at(c, i + 1, j) + b * at(c, i + 1, j + 1));
          }
        }
      }
      changed(x);
    };
    const put = (values) => { x.set(values); changed(x); };
    // where the pen is, for those who move it by keys
    const mark = () => {
      if (!canvas.matches(":focus-visible")) return;
      const pen = canvas.getContext("2d");
      pen.fillStyle = down ? "#d6006c" : "#1f8fff";
      pen.fillRect(Math.min(width - 1, Math.floor(cursor[0])), Math.min(height - 1, Math.floor(cursor[1])), 1, 1);
    };
    canvas.addEventListener("focus", () => changed(x));
    canvas.addEventListener("blur", () => { down = false; changed(x); });
    return { put, centre, mark, clear: () => put(new Float64Array(x.length).fill(play.background)) };
  };

  const between = { // as evaluation/codes/interpolation.py walks
    linear: (a, b, t) => a.map((v, i) => v + t * (b[i] - v)),
    spherical: (a, b, t) => {
      const size = (v) => Math.hypot(...v), lengths = [size(a), size(b)];
      const cosine = a.reduce((sum, v, i) => sum + v * b[i], 0) / Math.max(lengths[0] * lengths[1], 1e-300);
      const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
      if (Math.sin(angle) < 1e-4) return between.linear(a, b, t);
      const length = lengths[0] + t * (lengths[1] - lengths[0]);
      const [wa, wb] = [Math.sin((1 - t) * angle), Math.sin(t * angle)].map((w) => w / Math.sin(angle));
      return a.map((v, i) => length * ((wa * v) / lengths[0] + (wb * b[i]) / lengths[1]));
    },
  };

  const start = (figure, model) => {
    const part = (name) => figure.querySelector(name), { told } = model, { play, latent_dim: d, shape } = told;
    const paint = painter(told), isImage = shape.length === 3, size = shape.reduce((a, b) => a * b, 1);
    const examples = Array.from({ length: play.names.length }, (_, i) => play.examples.data.slice(i * size, (i + 1) * size))
      .map((one) => Float64Array.from(one, (v) => v * play.unit));
    const state = { z: new Float64Array(d), label: 0, x: null, noise: new Float64Array(d), slots: {} };

    // What the model sees of a drawing: coins are 0 or 1.
    const seen = (x) => {
      const middle = (play.look.low + play.look.high) / 2;
      return play.binary ? x.map((v) => (v >= middle ? play.look.high : play.look.low)) : x;
    };

    // All that is shown is made anew at most once a frame.
    let waiting = false;
    const refresh = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; show(); });
    };
    const show = () => {
      const made = model.mean(state.z, state.label);
      paint(part(".made"), made);
      if (!part(".mini").hidden) paint(part(".mini"), made);
      sliders.forEach((one, i) => one.set(state.z[i]));
      if (state.x && part(".paper")) {
        paint(part(".paper"), state.x);
        state.mark?.();
      }
      if (model.encode) tellTerms();
      if (opinions) opinions([made, state.x]);
    };
    const toCode = (z) => { state.z = Float64Array.from(z); refresh(); };

    // z follows what is drawn: the centre of q(z|x), or a draw of it.
    const read = () => {
      if (model.encode) {
        const q = model.encode(state.x);
        state.z = Float64Array.from(part(".noise").checked ? q.push(state.noise) : q.mean);
      }
      refresh();
    };

    const tellTerms = () => {
      const found = state.x && model.bound ? model.bound(state.x, part(".noise").checked ? state.noise : undefined) : {};
      const own = found.z && Array.from(state.z).every((v, i) => v === found.z[i]);
      const rows = [["reconstruction, log p(x|z)", found.reconstruction], ["KL(q(z|x) ‖ p(z))", found.kl], ["bound (ELBO)", found.elbo]];
      const moved = found.z && !own ? [["log p(x|z) at the sliders' z", model.reconstruction(state.x, state.z)]] : [];
      part(".terms tbody").replaceChildren(...[...rows, ...moved].filter(([, v], i) => v !== undefined || (!found.z && i === 0)).map(([name, v]) => {
        const row = make("tr");
        row.append(make("th", { scope: "row" }, name), make("td", { class: "number" }, v === undefined ? "–" : words(v)));
        return row;
      }));
      const most = Math.max(1, ...(found.each ?? []));
      sliders.forEach((one, i) => one.cost(found.each ? found.each[i] : null, most));
      part(".said").textContent = !found.z ? "Draw something, or choose a test example." : found.kl === undefined ? play.no_kl : "";
    };

    // What the discriminator says, among what it says of test examples and of samples.
    const opinions = model.judge && (() => {
      const { real, fake } = play.judged, all = [...real, ...fake];
      const low = Math.min(...all), span = Math.max(...all) - low || 1;
      const strip = make("div", { class: "judged", role: "img", "aria-label": "What it says of test examples and of samples" });
      const mark = (kind, text = "") => { const one = make("i", { class: kind }, text); strip.append(one); return one; };
      const put = (one, v) => { one.style.left = `${Math.min(100, Math.max(0, (100 * (v - low)) / span))}%`; };
      real.forEach((v) => put(mark("real"), v));
      fake.forEach((v) => put(mark("fake"), v));
      const own = [["Made", "M"], ["Drawn", "D"]].map(([name, letter]) => ({ name, mark: mark("own", letter), text: make("p") }));
      const legend = make("p", { class: "hint" }, `${real.length ? "Upper row: test examples; lower row" : "The row"}: the model's samples. `
        + "The further right, the more it takes a picture for real. M: made, D: drawn.");
      part(".opinions").append(strip, legend, ...own.map(({ text }) => text));
      const above = (sorted, v) => Math.round((100 * sorted.filter((one) => one < v).length) / sorted.length);
      return (pictures) => own.forEach(({ name, mark: one, text }, i) => {
        one.hidden = !pictures[i];
        if (!pictures[i]) return;
        const v = model.judge(pictures[i], state.label);
        put(one, v);
        text.textContent = `${name}: ${words(v)}${told.probability ? `, real with probability ${words(1 / (1 + Math.exp(-v)))}` : ""}; `
          + `above ${real.length ? `${above(real, v)} % of test examples and ` : ""}${above(fake, v)} % of samples`;
      });
    })();

    // sliders
    const sliders = Array.from({ length: d }, (_, i) => {
      const row = make("label", { class: "slider" }), output = make("output");
      const input = make("input", { type: "range", min: -play.reach, max: play.reach, step: 0.01, value: 0 });
      const bar = make("i", { class: "cost" });
      row.append(make("span", { class: "name" }, `z${i + 1}`), input, output, bar);
      (i < FIRST || d <= FIRST + 8 ? part(".sliders") : part(".rest .sliders")).append(row);
      input.addEventListener("input", () => { state.z[i] = input.valueAsNumber; refresh(); });
      return {
        set: (v) => { if (document.activeElement !== input || Math.abs(input.valueAsNumber - v) > 0.006) input.value = v; output.textContent = words(v); },
        cost: (nats, most) => {
          bar.hidden = nats === null;
          bar.style.width = `${(100 * Math.max(0, nats ?? 0)) / most}%`;
          row.title = nats === null ? "" : `${words(nats)} nats`;
        },
      };
    });
    const folded = d > FIRST + 8;
    part(".rest").hidden = !folded;
    if (folded) part(".rest summary").textContent = `The other ${d - FIRST} of ${d}`;
    part(".hint.code").textContent = play.hint;

    // the picture's tools
    const draws = () => {
      if (!play.draws) return Float64Array.from({ length: d }, gauss);
      const at = Math.floor(Math.random() * play.draws.shape[0]) * d;
      return play.draws.data.slice(at, at + d);
    };
    part(".random").addEventListener("click", () => toCode(draws()));
    part(".reset").addEventListener("click", () => toCode(play.centre));
    part(".class").hidden = !told.classes;
    if (told.classes) {
      const select = part(".class select");
      play.class_names.forEach((name, i) => select.append(make("option", { value: i }, name)));
      select.addEventListener("change", () => { state.label = Number(select.value); refresh(); });
    }

    // the paper
    const board = part(".paper");
    if (board) {
      const tools = { eraser: part(".eraser"), colour: part(".colour input") };
      part(".colour").hidden = shape[0] !== 3 || !isImage;
      const write = (x) => { state.x = seen(Float64Array.from(x)); read(); };
      if (isImage && play.draws_on) {
        const pen = paper(board, told, tools, write);
        part(".clear").addEventListener("click", pen.clear);
        part(".centre").addEventListener("click", pen.centre);
        [state.put, state.mark] = [pen.put, pen.mark];
      } else {
        part(".pens").hidden = true;
        board.setAttribute("role", "img");
        board.setAttribute("aria-label", "The test example");
        board.removeAttribute("tabindex");
        state.put = write;
      }
      paint(board, new Float64Array(size).fill(play.background));
      examples.forEach((x, i) => {
        const button = make("button", { type: "button", class: "example", "aria-label": `Test example ${i + 1}${play.names[i] && `: ${play.names[i]}`}` });
        const canvas = make("canvas", { "aria-hidden": "true" });
        paint(canvas, x);
        button.append(canvas);
        button.addEventListener("click", () => state.put(x));
        part(".examples").append(button);
      });
    }
    part(".examples").hidden = !part(".examples").children.length;

    // noise
    if (model.encode) {
      const draw = () => { state.noise = Float64Array.from({ length: d }, gauss); if (state.x) read(); };
      part(".noisy").hidden = !play.noisy;
      part(".again").addEventListener("click", () => { part(".noise").checked = true; draw(); });
      part(".noise").addEventListener("change", draw);
    }

    // arithmetic and paths
    const keep = (name, z) => {
      state.slots[name] = Float64Array.from(z);
      paint(part(`.slot[data-name=${name}] canvas`), model.mean(z, state.label));
    };
    for (const slot of figure.querySelectorAll(".slot")) {
      const { name } = slot.dataset;
      slot.querySelector(".keep").addEventListener("click", () => keep(name, state.z));
      slot.querySelector(".show").addEventListener("click", () => toCode(state.slots[name]));
    }
    const walk = () => toCode(between[part(".way").value](state.slots.a, state.slots.b, part(".path").valueAsNumber));
    part(".path").addEventListener("input", walk);
    part(".way").addEventListener("change", walk);
    part(".sum").addEventListener("click", () => {
      const { a, b, c } = state.slots;
      toCode(a.map((v, i) => v - b[i] + c[i]));
    });

    // where the picture is out of sight, a small one stays in a corner
    const inSight = { picture: true, play: true };
    const sight = (name) => ([...entries]) => {
      inSight[name] = entries.at(-1).isIntersecting;
      part(".mini").hidden = inSight.picture || !inSight.play;
      refresh();
    };
    new IntersectionObserver(sight("picture"), { threshold: 0.3 }).observe(part(".made"));
    new IntersectionObserver(sight("play")).observe(part(".play"));

    const centres = model.encode ? examples.map((x) => model.encode(x).mean) : [];
    ["a", "b", "c"].forEach((name, i) => keep(name, centres[i] ?? draws()));
    figure.classList.add("live");
    if (model.encode && examples.length) state.put(examples[0]);
    else toCode(draws());
  };

  // What is folded is computed when it is unfolded, so that a page of many models is there at once.
  for (const figure of document.querySelectorAll(".playground")) {
    const go = () => {
      const { model, heaps } = JSON.parse(figure.querySelector("script").textContent);
      Engine.load(model, heaps).then((loaded) => start(figure, loaded)).catch((error) => {
        figure.querySelector(".fallback").textContent = `The model could not be shown here: ${error.message}`;
        throw error;
      });
    };
    const fold = figure.closest("details:not([open])");
    if (fold) fold.addEventListener("toggle", go, { once: true });
    else go();
  }
})();
