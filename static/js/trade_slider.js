// The posture slider ([data-trade-slider]): moves along the ways that weigh time against risk ([data-trade], the links
// that are there without scripts) and follows when a way is chosen elsewhere.
const slider = document.querySelector("[data-trade-slider]");
if (slider) {
  const root = slider.closest("[data-planner]");
  const range = slider.querySelector("input");
  const stops = [...slider.querySelectorAll("[data-trade]")];

  function mark(key) {
    const place = stops.findIndex((stop) => stop.dataset.trade === key);
    stops.forEach((stop, i) => (i === place ? stop.setAttribute("aria-current", "true") : stop.removeAttribute("aria-current")));
    if (place < 0) return;
    range.value = place;
    range.setAttribute("aria-valuetext", `${stops[place].textContent}: ${stops[place].nextElementSibling.textContent}`);
  }
  const choose = (key) => {
    root.dispatchEvent(new CustomEvent("way", { detail: key }));
    document.getElementById(key)?.scrollIntoView({ block: "nearest" });
    slider.scrollIntoView({ block: "nearest" });
  };
  root.addEventListener("way", ({ detail }) => mark(detail));
  range.addEventListener("input", () => choose(stops[range.value].dataset.trade));
  for (const stop of stops) {
    stop.addEventListener("click", (event) => {
      event.preventDefault();
      choose(stop.dataset.trade);
    });
  }
  slider.querySelector("[data-range]").hidden = false;
  mark("best");
}
