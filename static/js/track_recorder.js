// The recorded track of a passage ([data-track]): by this device while the page is open, or from a GPX file.
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
      start.textContent = "Record my track";
      return keep(`Track of ${points.length} points is part of this report.`);
    }
    points = [];
    start.textContent = "Stop recording";
    watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        points.push([Number(coords.longitude.toFixed(6)), Number(coords.latitude.toFixed(6))]);
        keep(`${points.length} points, ± ${Math.round(coords.accuracy)} m. Keep this page open.`);
      },
      (error) => { told.textContent = `This device gives no position (${error.message}).`; },
      { enableHighAccuracy: true },
    );
  });

  part("file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    const gpx = new DOMParser().parseFromString(await file.text(), "application/xml");
    points = [...gpx.querySelectorAll("trkpt")].map((p) => [Number(p.getAttribute("lon")), Number(p.getAttribute("lat"))]).filter((p) => p.every(Number.isFinite));
    keep(points.length > 1 ? `${points.length} points of ${file.name}.` : `${file.name} holds no track.`);
  });
}
