// The cursor of a route strip ([data-strip], data-length in metres): one kilometre through all rows, read out below.
import { element, kilometres } from "./words.js";

for (const strip of document.querySelectorAll("[data-strip]")) {
  const grid = strip.querySelector(".strip-grid"), axis = strip.querySelector(".axis"), out = strip.querySelector("[data-strip-read]");
  const figure = element("b"), cursor = grid.appendChild(element("div", { class: "strip-cursor", hidden: true }, figure));
  const length = Number(strip.dataset.length);

  function titlesAt(x) {
    const found = [];
    for (const shape of strip.querySelectorAll("rect > title, g > title")) {
      const box = shape.parentElement.getBoundingClientRect();
      if (!shape.parentElement.closest(".heat") && x >= box.left - 2 && x <= box.right + 2) found.push(shape.textContent);
    }
    return found;
  }

  grid.addEventListener("pointermove", (event) => {
    const box = axis.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    cursor.hidden = share < 0 || share > 1;
    if (cursor.hidden) return;
    cursor.style.insetInlineStart = `${event.clientX - grid.getBoundingClientRect().left}px`;
    figure.textContent = kilometres(share * length, 1);
    out.textContent = titlesAt(event.clientX).join("  ·  ");
  });
}
