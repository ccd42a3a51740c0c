(() => {
  "use strict";

  const numbers = (text) => text.split(" ").map(Number);
  const read = (value, digits = 5) => Number(value.toPrecision(digits)).toString().replace("-", "−");

  const nearest = (places, x) => {
    let best = 0;
    places.forEach((place, i) => { if (Math.abs(place - x) < Math.abs(places[best] - x)) best = i; });
    return best;
  };

  const start = (figure) => {
    const part = (name) => figure.querySelector(name);
    const plot = part(".plot"), rule = part(".rule"), slider = part("input"), output = part("output");
    const series = [...figure.querySelectorAll("g[data-label]")].map((g) => {
      const { label, x, y } = g.dataset;
      return { label, x: numbers(x), y: numbers(y) };
    });
    const places = [...new Set(series.flatMap((one) => one.x))].sort((a, b) => a - b);
    const [low, high] = numbers(figure.dataset.range);

    // Every curve tells its value at its own point that is nearest, as long as the place is on it at all.
    const show = (at) => {
      const x = places[at], told = new Map();
      for (const one of series) {
        if (x < one.x[0] || x > one.x[one.x.length - 1]) continue;
        const value = read(one.y[nearest(one.x, x)]);
        told.set(one.label, [...(told.get(one.label) ?? []), value]);
      }
      const words = [...told].map(([label, values]) => `${label} ${values.join(", ")}`);
      output.textContent = `${figure.dataset.xName} ${read(x, 3)}: ${words.join("; ")}`;
      rule.style.left = `${(100 * (x - low)) / (high - low)}%`;
      slider.value = at;
      slider.setAttribute("aria-valuetext", output.textContent);
    };

    const point = (event) => {
      const frame = plot.getBoundingClientRect();
      show(nearest(places, low + ((high - low) * (event.clientX - frame.left)) / frame.width));
    };
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    slider.max = places.length - 1;
    slider.addEventListener("input", () => show(slider.valueAsNumber));
    figure.classList.add("live");
    show(places.length - 1);
  };

  document.querySelectorAll(".chart").forEach(start);
})();
