(() => {
  "use strict";

  // Paper unfolds nothing by itself: what is folded is open while it prints, and a link into a fold opens it.
  const folds = [...document.querySelectorAll("details")];
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folds.filter((fold) => !fold.open);
    closed.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));
  for (const link of document.querySelectorAll("nav a")) {
    link.addEventListener("click", () => {
      const fold = document.querySelector(`${link.getAttribute("href")} > details`);
      if (fold) fold.open = true;
    });
  }

  // A note opens beside its mark, where there is room for it.
  for (const mark of document.querySelectorAll("button[popovertarget]")) {
    const note = document.getElementById(mark.getAttribute("popovertarget"));
    note.addEventListener("toggle", (event) => {
      if (event.newState !== "open") return;
      const at = mark.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = note;
      const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
      const below = at.bottom + 6, above = at.top - height - 6;
      note.style.inset = "auto";
      note.style.margin = "0";
      note.style.left = `${left}px`;
      note.style.top = `${below + height > innerHeight && above > 0 ? above : below}px`;
    });
  }
})();
