(() => {
  "use strict";

  // One axis of the map: the texts of its places in the map's order, and a slider that goes up as the numbers do.
  const axis = (label, texts, slider) => {
    const last = texts.length - 1;
    const falls = Number(texts[0].replace("−", "-")) > Number(texts[last].replace("−", "-"));
    const turn = (place) => (falls ? last - place : place);
    const at = (share) => Math.max(0, Math.min(last, Math.floor(share * texts.length)));
    return { label, texts, slider, turn, at };
  };

  const start = (figure) => {
    const part = (name) => figure.querySelector(name);
    const { xLabel, yLabel, xTexts, yTexts } = figure.dataset;
    const map = part(".map"), image = part(".map img"), box = part(".box"), tile = part("canvas");
    const x = axis(xLabel, xTexts.split(" "), part("input.x"));
    const y = axis(yLabel, yTexts.split(" "), part("input.y"));
    const width = image.naturalWidth / x.texts.length, height = image.naturalHeight / y.texts.length;
    const pen = tile.getContext("2d");

    const show = (column, row) => {
      pen.clearRect(0, 0, width, height);
      pen.drawImage(image, column * width, row * height, width, height, 0, 0, width, height);
      box.style.left = `${(100 * column) / x.texts.length}%`;
      box.style.top = `${(100 * row) / y.texts.length}%`;
      const words = [[x, column], [y, row]].map(([{ label, texts, slider, turn }, place]) => {
        slider.value = turn(place);
        slider.setAttribute("aria-valuetext", texts[place]);
        return `${label} = ${texts[place]}`;
      });
      part("output").textContent = words.join(", ");
      tile.setAttribute("aria-label", `The tile at ${words.join(", ")}`);
    };

    const point = (event) => {
      const frame = image.getBoundingClientRect();
      show(x.at((event.clientX - frame.left) / frame.width), y.at((event.clientY - frame.top) / frame.height));
    };
    const slide = () => show(x.turn(x.slider.valueAsNumber), y.turn(y.slider.valueAsNumber));

    map.addEventListener("pointerdown", point);
    map.addEventListener("pointermove", point);
    x.slider.addEventListener("input", slide);
    y.slider.addEventListener("input", slide);
    [tile.width, tile.height] = [width, height];
    [box.style.width, box.style.height] = [`${100 / x.texts.length}%`, `${100 / y.texts.length}%`];
    image.draggable = false; // pressing and moving explores; it does not carry the picture away
    figure.classList.add("live");
    slide();
  };

  // A figure comes to life once its picture can be drawn; until then, and should that fail, it is a plain picture.
  for (const figure of document.querySelectorAll(".explorer")) {
    figure.querySelector(".map img").decode().then(() => start(figure), () => {});
  }
})();
