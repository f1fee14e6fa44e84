// The map's style: quiet ground, neutral roads, then states in order of severity, then hazards, places, letters and plates.
// Line lengths come from fom/maps/style.py by way of the page; colours from the tokens of the theme.
// Patterns need one layer per state: dash arrays read neither feature state nor (where broken) one line per segment. Each
// takes by its filter the segments of its state only: a layer that hides the others costs as much as if it drew them.
const empty = { type: "FeatureCollection", features: [] };
export const GEOJSON = ["context", "runs", "letters", "plates", "selected", "plans", "hazards", "restrictions", "incidents", "air-heads", "crossings", "control-points", "sites", "areas", "consent", "movements", "draft"];
const CONDENSED = ["IBM Plex Sans Condensed"];

// Width of a line: `factor` times the key route's width at each zoom, plus a fixed number of pixels.
function width(rules, factor, extra = 0) {
  return ["interpolate", ["linear"], ["zoom"], ...rules.route_width.flatMap(([zoom, px]) => [zoom, px * factor + extra])];
}

// The same for roads on tiles: town streets thinner until one looks at the town.
function streetWidth(rules, factor, extra = 0) {
  const thin = (zoom, px) => [zoom, ["match", ["get", "h"], 5, (px * factor + extra) * (zoom < 13 ? 0.5 : 0.8), px * factor + extra]];
  return ["interpolate", ["linear"], ["zoom"], ...rules.route_width.flatMap(([zoom, px]) => thin(zoom, px)), ...thin(16, 9)];
}

function dash(style) {
  return style.dash === null ? undefined : [style.dash / style.width, style.gap / style.width];
}

// The layers of one kind of line (key-route runs, or other roads) for all states, worst on top. Those of roads on tiles
// are not shown before states are joined to the tiles: a road whose state was not read yet is not an unknown road.
export function stateLayers(prefix, source, rules, token, scale, shows, extra) {
  const [open, caution, unknown, restricted, closed] = rules.states;
  const line = (id, number, paint, layout = {}) => ({
    id: `${prefix}-${id}`, type: "line", ...source, ...extra,
    filter: shows.filter(number),
    layout: { "line-cap": "butt", "line-join": "round", ...(shows.onTiles ? { visibility: "none" } : {}), ...layout },
    paint: { ...paint, "line-opacity": shows.opacity(number, paint["line-opacity"] ?? 1) },
  });
  const w = (factor, px = 0) => (shows.onTiles ? streetWidth : width)(rules, factor * scale, px);
  const casing = 2 * rules.casing_px * (scale < 1 ? 0.6 : 1);
  const layers = [
    line("open-case", 0, { "line-color": token("m-case"), "line-width": w(open.width, casing) }),
    line("open", 0, { "line-color": token("g"), "line-width": w(open.width) }),
  ];
  if (!shows.onTiles) {
    const core = (id, ageClass, share) => ({
      ...line(id, 0, { "line-color": token("m-core"), "line-width": w(share) }),
      filter: ["all", ["==", ["get", "s"], 0], ["==", ["get", "age"], ageClass]],
    });
    layers.push(core("open-half", 1, 0.3), core("open-soon", 2, 0.54));
  }
  layers.push(
    line("caution-case", 1, { "line-color": token("m-case-a"), "line-width": w(caution.width, casing) }),
    line("caution-dim", 1, { "line-color": token("a"), "line-width": w(caution.width), "line-opacity": Number(token("a-dim")) }),
    line("caution", 1, { "line-color": token("a"), "line-width": w(caution.width), "line-dasharray": dash(caution) }),
    line("unknown-case", 2, { "line-color": token("m-case"), "line-width": w(unknown.width, casing), "line-opacity": 0.7 }),
    line("unknown", 2, { "line-color": token("u"), "line-width": w(unknown.width), "line-dasharray": dash(unknown) }, { "line-cap": "round" }),
    line("restricted-case", 3, { "line-color": token("m-case"), "line-width": w(restricted.width, casing) }),
    line("restricted-dim", 3, { "line-color": token("r"), "line-width": w(restricted.width), "line-opacity": Number(token("r-dim")) }),
    line("restricted", 3, { "line-color": token("r"), "line-width": w(restricted.width), "line-dasharray": dash(restricted) }),
    line("closed-case", 4, { "line-color": token("x-out"), "line-width": w(closed.width, 2.6) }),
    line("closed", 4, { "line-color": token("x"), "line-width": w(closed.width) }),
  );
  if (shows.onTiles) layers.push(line("closed-ties", 4, { "line-color": token("x-edge"), "line-width": w(closed.width), "line-dasharray": [0.35, 1.6] }));
  return layers;
}

function symbolLayer(id, minzoom, layout = {}, filter = ["==", ["get", "part"], "point"]) {
  return {
    id: `${id}-symbols`, type: "symbol", source: id, minzoom, filter,
    layout: {
      "icon-image": ["get", "symbol"], "icon-allow-overlap": true, "icon-rotation-alignment": "viewport",
      "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.5, 7.2, 0.74, 10, 0.95, 14, 1.1], ...layout,
    },
  };
}

// A state letter at the upper right of a place's symbol.
function badgeLayer(id) {
  const badge = symbolLayer(id, 6, { "icon-image": ["concat", "letter-", ["to-string", ["get", "s"]]], "icon-offset": [13, -13], "icon-size": 0.9 }, ["all", ["==", ["get", "part"], "point"], ["has", "s"], ["!=", ["get", "s"], null]]);
  return { ...badge, id: `${id}-badges` };
}

function labels(id, source, filter, size, colour, token, extra = {}) {
  return {
    id, type: "symbol", source, filter,
    layout: {
      "text-field": ["get", "name"], "text-font": CONDENSED, "text-size": size, "text-variable-anchor": ["left", "right", "bottom", "top"],
      "text-radial-offset": 0.6, "text-justify": "auto", "text-optional": true, "symbol-sort-key": ["-", 0, ["coalesce", ["get", "population"], 0]], ...extra,
    },
    paint: { "text-color": token(colour), "text-halo-color": token("m-halo"), "text-halo-width": 1.4 },
  };
}

const hasKind = (...kinds) => ["in", ["get", "kind"], ["literal", kinds]];
const isPoint = ["==", ["geometry-type"], "Point"];
const isGround = (...kinds) => ["all", ["!", isPoint], hasKind(...kinds)];

// Without a background of the mission area the ground is plain land; with one, what is not drawn as land is sea.
export const groundColour = (token, hasContext) => token(hasContext ? "m-sea" : "m-land");

function groundLayers(token, hasContext) {
  const fill = (id, filter, paint) => ({ id, type: "fill", source: "context", filter, paint, ...(id.startsWith("relief") && { maxzoom: 10 }) }); // relief is coarse
  const band = (name) => ["all", hasKind("relief"), ["==", ["get", "band"], name]];
  const rank = ["coalesce", ["get", "rank"], 1];
  return [
    { id: "ground", type: "background", paint: { "background-color": groundColour(token, hasContext) } },
    fill("neighbours", isGround("land"), { "fill-color": token("m-out") }),
    fill("country", isGround("country"), { "fill-color": token("m-land") }),
    fill("relief-shadow", band("shadow"), { "fill-color": "#000000", "fill-opacity": 0.08 * Number(token("relief")) }),
    fill("relief-deep", band("deep"), { "fill-color": "#000000", "fill-opacity": 0.1 * Number(token("relief")) }),
    fill("relief-light", band("light"), { "fill-color": "#ffffff", "fill-opacity": 0.03 * Number(token("relief")) }),
    fill("urban", isGround("urban"), { "fill-color": token("m-urban") }),
    fill("lake", isGround("lake"), { "fill-color": token("m-sea") }),
    { id: "province", type: "line", source: "context", filter: isGround("province"), minzoom: 7, paint: { "line-color": token("m-border"), "line-opacity": 0.35, "line-width": 0.8, "line-dasharray": [2, 3] } },
    { id: "river", type: "line", source: "context", filter: isGround("river"), layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": token("m-river"), "line-width": ["interpolate", ["linear"], ["zoom"], 6, ["*", 0.35, rank], 9, ["*", 0.7, rank], 13, ["*", 1.8, rank]] } },
    { id: "coast", type: "line", source: "context", filter: isGround("land", "lake"), paint: { "line-color": token("m-coast"), "line-width": 1 } },
    { id: "border", type: "line", source: "context", filter: isGround("border"), paint: { "line-color": token("m-border"), "line-width": 1.3, "line-dasharray": [6, 2.5, 1, 2.5] } },
  ];
}

function placeLayers(token) {
  const people = ["coalesce", ["get", "population"], 0];
  const isCapital = ["==", ["get", "capital"], true];
  const place = (...more) => ["all", isPoint, ["has", "population"], ["!", isCapital], ...more];
  const big = place([">=", people, 15000]), middle = place([">=", people, 3000], ["<", people, 15000]), small = place(["<", people, 3000]);
  const dot = (id, filter, radius, minzoom) => ({
    id, type: "circle", source: "context", minzoom, filter,
    paint: { "circle-radius": radius, "circle-color": token("m-land"), "circle-stroke-color": token("m-label"), "circle-stroke-width": 1.4 },
  });
  const area = (id, kind, colour, halo, size, spacing, rotate = 0) => ({
    id, type: "symbol", source: "context", filter: ["all", isPoint, hasKind(kind)], maxzoom: 9.5,
    layout: { "text-field": ["get", "name"], "text-font": CONDENSED, "text-size": size, "text-letter-spacing": spacing, "text-transform": "uppercase", "text-rotate": rotate },
    paint: { "text-color": token(colour), "text-halo-color": token(halo), "text-halo-width": 1 },
  });
  return [
    dot("dot-small", small, 2, 9.5), dot("dot-middle", middle, 3, 7.2), dot("dot-big", big, 4, 0),
    { ...labels("label-small", "context", small, 11, "m-label-2", token), minzoom: 9.8 },
    { ...labels("label-middle", "context", middle, 12, "m-label-2", token), minzoom: 7.4 },
    labels("label-big", "context", big, 14, "m-label", token),
    { id: "dot-capital", type: "symbol", source: "context", filter: ["all", isPoint, isCapital], layout: { "icon-image": "capital", "icon-allow-overlap": true } },
    labels("label-capital", "context", ["all", isPoint, isCapital], 15, "m-label", token, { "text-transform": "uppercase", "text-radial-offset": 0.75 }),
    area("label-sea", "sea", "m-coast", "m-sea", 14, 0.14, 6),
    area("label-neighbour", "neighbour", "m-label-2", "m-out", 13, 0.3),
  ];
}

// Neutral roads at every zoom; state on secondary roads from one zoom, on all from another.
function networkLayers(rules, token) {
  const tiles = { source: "network", "source-layer": "segments" };
  const hair = ["interpolate", ["linear"], ["zoom"], 5, ["match", ["get", "h"], [0, 1], 0.9, 0.5], 10, ["match", ["get", "h"], [0, 1, 2], 1.6, [6], 0.7, 0.9], 14, ["match", ["get", "h"], [0, 1, 2], 4, [6], 1.6, 2.6]];
  const has = (number) => ["==", ["coalesce", ["get", "s"], 2], number];
  const shown = (filter) => ({ onTiles: true, filter: (number) => ["all", filter, has(number)], opacity: (_, opacity) => opacity });
  const { secondary, all } = rules.state_from_zoom;
  return [
    { id: "roads-track", type: "line", ...tiles, filter: ["==", ["get", "h"], 6], paint: { "line-color": token("m-track"), "line-width": hair, "line-dasharray": [4, 2] } },
    { id: "roads", type: "line", ...tiles, filter: ["!=", ["get", "h"], 6], layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": token("m-road"), "line-width": hair } },
    ...stateLayers("major", tiles, rules, token, rules.other_roads, shown(["<=", ["get", "h"], 2]), { minzoom: secondary, maxzoom: all }),
    ...stateLayers("other", tiles, rules, token, rules.other_roads, shown(true), { minzoom: all }),
    { id: "hit", type: "line", ...tiles, minzoom: secondary, paint: { "line-width": 14, "line-opacity": 0 } },
  ];
}

function runLayers(rules, token) {
  const shows = { filter: (number) => ["==", ["get", "s"], number], opacity: (_, opacity) => opacity };
  const closed = rules.states[4];
  return [
    ...stateLayers("run", { source: "runs" }, rules, token, 1, shows, {}),
    {
      id: "run-crosses", type: "symbol", source: "runs", filter: ["==", ["get", "s"], 4],
      layout: {
        "symbol-placement": "line", "symbol-spacing": 1, "icon-image": "cross", "icon-allow-overlap": true, "icon-ignore-placement": true,
        "icon-size": ["interpolate", ["linear"], ["zoom"], ...rules.route_width.flatMap(([zoom, px]) => [zoom, (px * closed.width) / 10])],
      },
    },
  ];
}

function hazardLayers(token) {
  const doubt = ["==", ["get", "part"], "doubt"];
  const area = ["==", ["get", "part"], "area"];
  const circles = (id) => [
    { id: `${id}-doubt`, type: "fill", source: id, filter: doubt, paint: { "fill-color": token("h-sha"), "fill-opacity": 0.16 } },
    { id: `${id}-doubt-edge`, type: "line", source: id, filter: doubt, paint: { "line-color": token("h-sha"), "line-width": 1.2, "line-dasharray": [4, 2.5] } },
  ];
  return [
    ...circles("incidents"),
    ...circles("hazards"),
    { id: "hazards-area", type: "fill", source: "hazards", filter: area, paint: { "fill-color": ["match", ["get", "symbol"], "cha", token("h-cha"), "clr", token("h-done"), token("h-sha")], "fill-opacity": 0.28 } },
    { id: "hazards-area-edge", type: "line", source: "hazards", filter: area, paint: { "line-color": ["match", ["get", "symbol"], "clr", token("h-done"), token("h-cha")], "line-width": 1.6 } },
    { id: "areas-edge", type: "line", source: "areas", filter: area, paint: { "line-color": token("accent"), "line-width": 1.4, "line-dasharray": [2, 2] } },
    { id: "areas-label", type: "symbol", source: "areas", filter: ["==", ["get", "part"], "point"], layout: { "text-field": ["get", "label"], "text-font": CONDENSED, "text-size": 11 }, paint: { "text-color": token("accent"), "text-halo-color": token("m-halo"), "text-halo-width": 1.4 } },
  ];
}

// The way ahead of a movement lies beside the road that it uses, so that the road's state stays in sight.
function movementWays(token) {
  const offset = ["interpolate", ["linear"], ["zoom"], 7, 4, 10, 6, 13, 9];
  const way = { type: "line", source: "movements", filter: ["==", ["get", "part"], "way"], layout: { "line-cap": "round", "line-join": "round" } };
  return [
    { id: "movements-way-case", ...way, paint: { "line-color": token("m-halo"), "line-width": 3.6, "line-offset": offset, "line-opacity": 0.7 } },
    { id: "movements-way", ...way, paint: { "line-color": token("accent"), "line-width": 1.8, "line-offset": offset, "line-dasharray": [2.5, 2] } },
  ];
}

function movementMarks(token) {
  const heading = { "icon-rotate": ["coalesce", ["get", "bearing"], 0], "icon-rotation-alignment": "map" };
  return [
    { ...symbolLayer("movements", 5, { ...heading, "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.45, 10, 0.7] }, ["==", ["get", "part"], "expected"]), id: "movements-expected" },
    symbolLayer("movements", 5, heading),
    badgeLayer("movements"),
    {
      id: "movements-labels", type: "symbol", source: "movements", minzoom: 7.5, filter: ["==", ["get", "part"], "point"],
      layout: { "text-field": ["get", "label"], "text-font": CONDENSED, "text-size": 12, "text-anchor": "top", "text-offset": [0, 1.1], "text-optional": true },
      paint: { "text-color": token("accent"), "text-halo-color": token("m-halo"), "text-halo-width": 1.6 },
    },
  ];
}

// At country scale symbols that would lie on others wait until one comes closer.
const crowded = { "icon-allow-overlap": ["step", ["zoom"], false, 9, true], "icon-padding": 0 };

// Consent by area: a tint below the roads, the stronger the more was hindered; where nothing moved, an outline only.
function consentGround(token) {
  const area = ["==", ["get", "part"], "area"];
  return [
    { id: "consent-area", type: "fill", source: "consent", filter: area, paint: { "fill-color": token("accent"), "fill-opacity": ["match", ["get", "level"], "often", 0.34, "sometimes", 0.16, "free", 0.04, 0] } },
    { id: "consent-edge", type: "line", source: "consent", filter: area, paint: { "line-color": token("accent"), "line-width": 1.2, "line-opacity": 0.7 } },
  ];
}

function consentSymbols(token) {
  const symbols = symbolLayer("consent", 0, {
    "icon-size": 1, "text-field": ["case", [">", ["get", "attempted"], 0], ["concat", ["to-string", ["get", "unimpeded"]], " of ", ["to-string", ["get", "attempted"]]], "none"],
    "text-font": CONDENSED, "text-size": 12, "text-anchor": "top", "text-offset": [0, 1.05], "text-optional": true,
  });
  return { ...symbols, paint: { "text-color": token("ink"), "text-halo-color": token("m-halo"), "text-halo-width": 1.6 } };
}

export function buildLayers(rules, token, hasContext = false) {
  const selected = { source: "selected", layout: { "line-cap": "round", "line-join": "round" } };
  return [
    ...groundLayers(token, hasContext),
    ...consentGround(token),
    ...networkLayers(rules, token),
    { id: "selected-halo", type: "line", ...selected, paint: { "line-color": token("accent"), "line-width": width(rules, 1.2, 9), "line-opacity": 0.55 } },
    ...runLayers(rules, token),
    { id: "plans-case", type: "line", source: "plans", layout: selected.layout, paint: { "line-color": token("bg"), "line-width": ["case", ["get", "chosen"], 8, 5], "line-opacity": 0.7 } },
    { id: "plans-unverified", type: "line", source: "plans", filter: ["!", ["get", "verified"]], paint: { "line-color": token("accent"), "line-width": 4, "line-dasharray": [2, 1.2] } },
    { id: "plans-line", type: "line", source: "plans", filter: ["get", "verified"], layout: selected.layout, paint: { "line-color": token("accent"), "line-width": ["case", ["get", "chosen"], 4.5, 2], "line-opacity": ["case", ["get", "chosen"], 1, 0.75] } },
    ...movementWays(token),
    ...hazardLayers(token),
    ...placeLayers(token),
    consentSymbols(token),
    symbolLayer("incidents", 7),
    symbolLayer("sites", 6.5),
    symbolLayer("control-points", 6.5),
    symbolLayer("crossings", 6),
    symbolLayer("air-heads", 6, { "icon-rotate": ["coalesce", ["get", "bearing"], 0], "icon-rotation-alignment": "map" }),
    badgeLayer("air-heads"),
    badgeLayer("crossings"),
    ...movementMarks(token),
    { id: "letters", type: "symbol", source: "letters", layout: { "icon-image": ["concat", "letter-", ["to-string", ["get", "s"]]], "symbol-sort-key": ["get", "rank"], "icon-padding": 1, "icon-size": 1.05 } },
    { ...symbolLayer("restrictions", 6, crowded), filter: ["all", ["==", ["get", "part"], "point"], ["!=", ["get", "symbol"], "dmg"]] },
    { ...symbolLayer("restrictions", 8, crowded), id: "restrictions-damage", filter: ["all", ["==", ["get", "part"], "point"], ["==", ["get", "symbol"], "dmg"]] },
    { ...symbolLayer("hazards", 8.5), id: "hazards-released", filter: ["all", ["==", ["get", "part"], "point"], ["==", ["get", "symbol"], "clr"]] },
    { ...symbolLayer("hazards", 0, { "symbol-sort-key": ["get", "order"] }), filter: ["all", ["==", ["get", "part"], "point"], ["!=", ["get", "symbol"], "clr"]] },
    { id: "plates", type: "symbol", source: "plates", layout: { "icon-image": ["get", "plate"], "symbol-sort-key": ["get", "rank"], "icon-offset": [0, -17], "icon-padding": 4 } },
    { id: "draft-mark", type: "circle", source: "draft", paint: { "circle-radius": 7, "circle-color": token("accent"), "circle-stroke-color": token("m-halo"), "circle-stroke-width": 2 } },
  ];
}

export function buildStyle(settings, token) {
  const sources = Object.fromEntries(GEOJSON.map((id) => [id, { type: "geojson", data: empty, ...(id === "runs" ? { tolerance: 0.3 } : {}) }]));
  const [minzoom, maxzoom] = settings.zooms;
  sources.network = { type: "vector", tiles: [`${location.origin}/tiles/${settings.network}/{z}/{x}/{y}.mvt`], minzoom, maxzoom, bounds: settings.bounds };
  return { version: 8, sources, layers: buildLayers(settings.style, token) };
}

// A new theme changes paint only; sources, data and feature states stay.
export function repaint(map, settings, token, hasContext) {
  for (const layer of buildLayers(settings.style, token, hasContext)) {
    for (const [name, value] of Object.entries(layer.paint ?? {})) map.setPaintProperty(layer.id, name, value);
  }
}
