// Saying where a movement is ([data-check-in]): by this device's receiver, one press; without scripts by kilometre or position.
const form = document.querySelector("[data-check-in]");
const part = (name) => form.querySelector(`[data-check-in-${name}]`);
const told = part("told"), here = part("here");
const tell = (words) => {
  told.hidden = false;
  told.textContent = words;
};

if (navigator.geolocation) {
  here.hidden = false;
  here.addEventListener("click", () => {
    here.disabled = true;
    tell("Asking the receiver of this device.");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        part("lon").value = coords.longitude.toFixed(6);
        part("lat").value = coords.latitude.toFixed(6);
        part("accuracy_m").value = Math.round(coords.accuracy);
        form.submit();
      },
      (error) => {
        here.disabled = false;
        tell(`This device gives no position (${error.message}). Say the kilometre or the position instead.`);
      },
      { enableHighAccuracy: true, timeout: 20_000, maximumAge: 60_000 },
    );
  });
}
