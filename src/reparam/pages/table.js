(() => {
  "use strict";

  // Rows go by a column's numbers where it has some, else by its words; what has none comes last; the floor stays below.
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.order === undefined ? cell.textContent.trim() : Number(cell.dataset.order);
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? -1 : 1;
    return a.localeCompare(b);
  };

  const start = (table) => {
    const body = table.tBodies[0], fixed = Number(table.dataset.last);
    const all = [...body.rows], moved = all.slice(0, all.length - fixed), stays = all.slice(all.length - fixed);
    const heads = [...table.tHead.rows[0].cells];

    const sort = (head, column) => {
      const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      const absent = (row) => row.cells[column].textContent.trim() === "–";
      const rows = [...moved].sort((a, b) => absent(a) - absent(b) || turn * compare(key(a, column), key(b, column)));
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
      body.append(...rows, ...stays);
    };

    heads.forEach((head, column) => {
      const label = head.querySelector(".label"), button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = label.textContent;
      button.addEventListener("click", () => sort(head, column));
      label.replaceWith(button);
    });
  };

  document.querySelectorAll("table.sortable").forEach(start);
})();
