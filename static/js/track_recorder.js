// The recorded track of a passage ([data-track]): by this device while the page is open, or from a GPX file.
import { said } from "./words.js";

const field = document.querySelector("[data-track]");
if (field) {
  field.hidden = false;
  const part = (name) => field.querySelector(`[data-track-${name}]`);
  const told = part("told"), start = part("start");
  let watch = null, points = [];

  const keep = (words) => {
    part("points").value = points.length > 1 ? JSON.stringify(points) : "";
    told.textContent = words;
  };

  start.addEventListener("click", () => {
    if (watch !== null) {
      navigator.geolocation.clearWatch(watch);
      watch = null;
      start.textContent = said("record_track", "Record my track");
      return keep(said("track_kept", "Track of {n} points is part of this report.", { n: points.length }));
    }
    points = [];
    start.textContent = said("stop_track", "Stop recording");
    watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        points.push([Number(coords.longitude.toFixed(6)), Number(coords.latitude.toFixed(6))]);
        keep(said("track_points", "{n} points, ± {m} m. Keep this page open.", { n: points.length, m: Math.round(coords.accuracy) }));
      },
      () => { told.textContent = said("gps_none", "This device gave no position."); },
      { enableHighAccuracy: true },
    );
  });

  part("file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    const gpx = new DOMParser().parseFromString(await file.text(), "application/xml");
    points = [...gpx.querySelectorAll("trkpt")].map((p) => [Number(p.getAttribute("lon")), Number(p.getAttribute("lat"))]).filter((p) => p.every(Number.isFinite));
    keep(points.length > 1 ? said("track_file", "{n} points of {file}.", { n: points.length, file: file.name }) : said("track_none", "{file} holds no track.", { file: file.name }));
  });
}
