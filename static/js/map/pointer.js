// Position under the pointer, in two forms.
import { formatDegreesMinutes, formatMgrs } from "../mgrs.js";

export function followPointer(map, output) {
  map.on("mousemove", ({ lngLat }) => {
    output.textContent = `${formatMgrs(lngLat.lng, lngLat.lat)}   ${formatDegreesMinutes(lngLat.lng, lngLat.lat)}`;
  });
  map.on("mouseout", () => {
    output.textContent = "";
  });
}
