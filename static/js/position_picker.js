// A position field ([data-position]): fills it from GPS or from a tap on the map, and reads it back as it is typed.
// Without scripts the server reads the place back before it saves.
import { element, said } from "./words.js";

const READ_AFTER_MS = 400;
const TAP_PX = 8;

for (const field of document.querySelectorAll("[data-position]")) {
  const part = (name) => field.querySelector(`[data-${name}]`);
  const text = part("text"), told = part("told");
  part("tools").hidden = false;

  async function readBack() {
    const typed = text.value.trim();
    part("seen").value = "";
    part("reading").hidden = true;
    if (!typed) return;
    const answer = await fetch(`/report/reading?position=${encodeURIComponent(typed)}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer || text.value.trim() !== typed) return;
    const body = await answer.json();
    if (!answer.ok) {
      told.dataset.refused = "";
      told.textContent = body.errors ? said("refused", "{came}: expected {expected}", body.errors[0]) : body.detail;
      return;
    }
    if ("refused" in told.dataset) told.textContent = "";
    delete told.dataset.refused;
    part("reading-text").textContent = body.reading.replace(" · ", "\n");
    part("reading").hidden = false;
    part("seen").value = typed;
    field.dispatchEvent(new CustomEvent("placeread", { detail: [body.lon, body.lat] }));
  }

  function fill(value, source, accuracy) {
    text.value = value;
    part("source").value = source;
    part("accuracy").value = accuracy ? String(Math.round(accuracy)) : "";
    readBack();
  }

  let due = null;
  text.addEventListener("input", () => {
    part("source").value = part("accuracy").value = "";
    clearTimeout(due);
    due = setTimeout(readBack, READ_AFTER_MS);
  });

  part("gps").addEventListener("click", () => {
    told.textContent = said("gps_asking", "Asking this device where it is.");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        fill(`${coords.longitude.toFixed(6)}, ${coords.latitude.toFixed(6)}`, "gps", coords.accuracy);
        told.textContent = said("gps_doubt", "± {m} m by this device.", { m: Math.round(coords.accuracy) });
      },
      () => { told.textContent = said("gps_none", "This device gave no position. Type it, or point on the map."); },
      { enableHighAccuracy: true, timeout: 20000 },
    );
  });

  part("pick").addEventListener("click", async (event) => {
    const box = part("pick-map");
    box.hidden = !box.hidden;
    event.target.setAttribute("aria-expanded", String(!box.hidden));
    if (box.hidden || box.childElementCount) return;
    const holder = box.appendChild(element("div", { class: "pick-canvas" }));
    const { createMap, readContext, setData } = await import("./map/canvas.js");
    const settings = JSON.parse(document.querySelector("#map-settings").textContent);
    const map = await createMap(holder, settings, "/static/symbols.svg", { hash: false });
    readContext(map).catch(() => {});
    const mark = ([lon, lat]) => setData(map, "draft", [{ type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties: {} }]);
    field.addEventListener("placeread", ({ detail }) => mark(detail));
    map.on("click", ({ lngLat }) => {
      const metres = (78271.5 * Math.cos((lngLat.lat * Math.PI) / 180)) / 2 ** map.getZoom();
      fill(`${lngLat.lng.toFixed(6)}, ${lngLat.lat.toFixed(6)}`, "map", Math.max(15, TAP_PX * metres));
      told.textContent = said("map_doubt", "± {m} m by this map. Closer is surer.", { m: Math.round(Math.max(15, TAP_PX * metres)) });
    });
  });
}

// "Now" by the device's clock, offered where a time must be given.
for (const input of document.querySelectorAll("[data-utc-now][required]")) if (!input.value) input.value = new Date().toISOString().slice(0, 16);
