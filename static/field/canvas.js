// The carried picture, drawn: roads and key routes in the patterns of their states, hazards with their doubt to scale, names.
// Colours are the page's tokens. A flat projection is true enough for one mission. Fingers, wheel and keys move it.
import { el } from "./ui.js";
import { t } from "./words.js";

const RAD = Math.PI / 180, M_PER_DEG = 111320;
const ORDER = ["O", "C", "?", "R", "X"], TOKEN = { O: "g", C: "a", "?": "u", R: "r", X: "x", "-": "u" };
// Width of roads that are no key routes, and metres of a pixel up to which they show their states, and tracks are drawn.
const OTHER = 0.6, STATES_FROM_M = 40, ROADS_FROM_M = 150;
// in widths of a route: line, dash, gap (design language, section 3)
const PATTERN = { O: [1, null], C: [1, [2.2, 1.3]], "?": [1.18, [0, 1.85]], R: [1.5, [3.6, 0.9]], X: [1.25, null] };

export class FieldMap {
  constructor(options = {}) {
    this.options = options;
    this.canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": options.label ?? t("map_label") });
    const zoom = (factor, sign, words) => el("button", { type: "button", "aria-label": words, onclick: () => this.zoom(factor) }, sign);
    this.node = el("div", { class: "fieldmap" }, this.canvas, el("div", { class: "zoom" }, zoom(1.8, "+", t("zoom_in")), zoom(1 / 1.8, "−", t("zoom_out"))), ...(options.above ?? []));
    this.bundle = null;
    this.roads = [];
    this.center = [0, 0];
    this.scale = 100;
    this.pins = [];
    this.line = null;
    this.fix = null;
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.node);
  }

  // `roads` of the carried area, `roadState` says how each is now.
  show(bundle, stateOf = (line) => line.state, roads = [], roadState = () => "?") {
    this.bundle = bundle;
    this.stateOf = stateOf;
    this.roads = roads.map((road) => ({ road, state: roadState(road) }));
    if (bundle && !this.isPlaced) this.fit(bundle.box);
    this.draw();
  }

  get size() { return [this.canvas.clientWidth || 1, this.canvas.clientHeight || 1]; }
  get kx() { return Math.cos(this.center[1] * RAD); }
  // metres on the ground of one pixel
  get resolution() { return M_PER_DEG / this.scale; }

  fit([west, south, east, north], share = 0.9) {
    const [w, h] = this.size;
    this.box = [west, south, east, north];
    this.center = [(west + east) / 2, (south + north) / 2];
    this.scale = share * Math.min(w / Math.max(1e-4, (east - west) * this.kx), h / Math.max(1e-4, north - south));
    this.isPlaced = w > 1;
  }

  focus(point, metresAcross) {
    this.center = [...point];
    this.scale = (Math.min(...this.size) / metresAcross) * M_PER_DEG;
    this.isPlaced = true;
    this.draw();
  }

  toPixel([lon, lat]) {
    const [w, h] = this.size;
    return [w / 2 + (lon - this.center[0]) * this.kx * this.scale, h / 2 - (lat - this.center[1]) * this.scale];
  }

  toPlace([x, y]) {
    const [w, h] = this.size;
    return [this.center[0] + (x - w / 2) / this.scale / this.kx, this.center[1] - (y - h / 2) / this.scale];
  }

  zoom(factor, around = null) {
    const at = around ?? this.size.map((length) => length / 2), before = this.toPlace(at);
    this.scale = Math.min(4e6, Math.max(20, this.scale * factor));
    const after = this.toPlace(at);
    this.center = [this.center[0] + before[0] - after[0], this.center[1] + before[1] - after[1]];
    this.draw();
  }

  #listen() {
    const { canvas } = this, fingers = new Map();
    let moved = 0;
    const place = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); if (!fingers.size) moved = 0; fingers.set(event.pointerId, place(event)); });
    canvas.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      const was = fingers.get(event.pointerId), is = place(event), others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      fingers.set(event.pointerId, is);
      moved += Math.hypot(is[0] - was[0], is[1] - was[1]);
      if (others.length) {
        const [other] = others, apart = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
        this.zoom(apart(is) / apart(was), [(is[0] + other[0]) / 2, (is[1] + other[1]) / 2]);
      } else if (moved > 4) {
        this.center = [this.center[0] - (is[0] - was[0]) / this.scale / this.kx, this.center[1] + (is[1] - was[1]) / this.scale];
        this.draw();
      }
    });
    const end = (event) => {
      const isTap = fingers.size === 1 && moved <= 6 && event.type === "pointerup";
      fingers.delete(event.pointerId);
      if (isTap) this.options.ontap?.(this.toPlace(place(event)), this.resolution);
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(1.0015 ** -event.deltaY, place(event)); }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-40, 0], ArrowRight: [40, 0], ArrowUp: [0, -40], ArrowDown: [0, 40] }[event.key];
      if (step) this.center = this.toPlace(this.size.map((length, i) => length / 2 + step[i]));
      else if (event.key === "+" || event.key === "=") return this.zoom(1.5);
      else if (event.key === "-") return this.zoom(1 / 1.5);
      else if (event.key === "Enter" && this.options.ontap) return this.options.ontap([...this.center], this.resolution);
      else return;
      event.preventDefault();
      this.draw();
    });
  }

  draw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => { this.isDue = false; this.#paint(); });
  }

  #paint() {
    const { canvas } = this, [w, h] = this.size;
    if (w <= 1 || !canvas.isConnected) return;
    if (this.bundle && !this.isPlaced) this.fit(this.bundle.box);
    const ratio = Math.min(3, devicePixelRatio || 1);
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) [canvas.width, canvas.height] = [Math.round(w * ratio), Math.round(h * ratio)];
    const style = getComputedStyle(document.documentElement);
    this.color = (name) => style.getPropertyValue(`--${name}`).trim();
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.fillStyle = this.color("m-land");
    ctx.fillRect(0, 0, w, h);
    if (!this.bundle) return;
    const width = Math.min(6.4, Math.max(3, 2.2 + Math.log2(this.scale / 60) * 0.7));
    this.#area(ctx);
    this.#roads(ctx, width * OTHER);
    this.#routes(ctx, width);
    this.#places(ctx);
    for (const restriction of this.bundle.restrictions ?? []) this.#restriction(ctx, restriction);
    this.bundle.hazards.forEach((hazard) => this.#hazard(ctx, hazard));
    this.#drawn(ctx, width);
    this.#me(ctx);
  }

  #path(ctx, points) {
    ctx.beginPath();
    points.forEach((point, i) => ctx[i ? "lineTo" : "moveTo"](...this.toPixel(point)));
  }

  #area(ctx) {
    if (!this.bundle.area) return;
    ctx.strokeStyle = this.color("m-border");
    ctx.lineWidth = 1.5;
    ctx.setLineDash([6, 5]);
    for (const ring of this.bundle.area.outline) { this.#path(ctx, ring); ctx.stroke(); }
    ctx.setLineDash([]);
  }

  // From afar what is worse than unknown, all else as hairlines; close by every road in the pattern of its state.
  #roads(ctx, width) {
    const [w, h] = this.size, [west, north] = this.toPlace([0, 0]), [east, south] = this.toPlace([w, h]), isNear = this.resolution <= STATES_FROM_M;
    const batches = new Map(), [lon, lat] = this.center, sx = this.kx * this.scale, sy = this.scale;
    for (const { road, state } of this.roads) {
      if (road.box[0] > east || road.box[2] < west || road.box[1] > north || road.box[3] < south) continue;
      if (!isNear && road.rank > 4 && this.resolution > ROADS_FROM_M) continue;
      const key = isNear || ORDER.indexOf(state) > 2 ? state : road.rank > 5 ? "track" : "road";
      if (!batches.has(key)) batches.set(key, new Path2D());
      const path = batches.get(key);
      road.line.forEach(([x, y], i) => path[i ? "lineTo" : "moveTo"](w / 2 + (x - lon) * sx, h / 2 - (y - lat) * sy));
    }
    ctx.lineJoin = "round";
    for (const key of ["track", "road", ...ORDER]) {
      if (!batches.has(key)) continue;
      const stroke = (color, size, pattern = [], cap = "butt") => { ctx.strokeStyle = color; ctx.lineWidth = size; ctx.lineCap = cap; ctx.setLineDash(pattern); ctx.stroke(batches.get(key)); };
      if (PATTERN[key]) this.#stroke(stroke, key, width);
      else stroke(this.color(`m-${key}`), 1.2);
    }
    ctx.setLineDash([]);
  }

  #routes(ctx, width) {
    const lines = this.bundle.routes.flatMap((route) => route.lines.map((line) => ({ line, route, state: this.stateOf(line) })));
    lines.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
    ctx.lineJoin = "round";
    for (const { line, state } of lines) {
      this.#path(ctx, line.coordinates);
      const stroke = (color, size, pattern = [], cap = "butt") => { ctx.strokeStyle = color; ctx.lineWidth = size; ctx.lineCap = cap; ctx.setLineDash(pattern); ctx.stroke(); };
      this.#stroke(stroke, state, width, ctx);
    }
    ctx.setLineDash([]);
    const taken = [];
    for (const { line, route, state } of lines.reverse()) {
      const middle = this.toPixel(line.coordinates[Math.floor(line.coordinates.length / 2)]);
      if (state === "O") continue;
      if (taken.some((at) => Math.hypot(at[0] - middle[0], at[1] - middle[1]) < 46)) continue;
      taken.push(middle);
      this.#letter(ctx, middle, state, route);
    }
    for (const route of this.bundle.routes) this.#plate(ctx, route, taken);
  }

  // The pattern of a state by `stroke(color, size, dash, cap)`; with a context also its casing and the dim gaps.
  #stroke(stroke, state, width, ctx = null) {
    const [thick, dash] = PATTERN[state] ?? PATTERN["?"], token = TOKEN[state], w = width * thick;
    if (ctx) stroke(this.color("m-case"), w + 3, [], "round");
    if (state === "X") { stroke(this.color("x-out"), w + 2.6); stroke(this.color("x"), w); }
    else if (state === "?" || state === "-") stroke(this.color("u"), w, [0, width * 1.85], "round");
    else {
      if (dash && ctx) { ctx.globalAlpha = 0.42; stroke(this.color(token), w); ctx.globalAlpha = 1; }
      stroke(this.color(token), w, (dash ?? []).map((part) => part * width));
    }
  }

  #letter(ctx, [x, y], state) {
    ctx.beginPath();
    ctx.arc(x, y, 8, 0, 7);
    ctx.fillStyle = this.color(state === "?" ? "s-1" : TOKEN[state]);
    ctx.fill();
    ctx.strokeStyle = this.color(state === "X" ? "x-edge" : state === "?" ? "u" : "m-case");
    ctx.lineWidth = 1.5;
    ctx.stroke();
    this.#text(ctx, state, x, y + 4, { font: `600 11px ${this.#font()}`, color: this.color(state === "?" ? "u-t" : `${TOKEN[state]}-on`), halo: false });
    if (state !== "X") return;
  }

  #plate(ctx, route, taken) {
    const points = route.lines.flatMap((line) => line.coordinates);
    for (const share of [0.5, 0.3, 0.7, 0.15, 0.85]) {
      const point = points[Math.floor(points.length * share)];
      if (!point) return;
      const [x, y] = this.toPixel(point), [w, h] = this.size;
      if (x < 30 || y < 16 || x > w - 30 || y > h - 16 || taken.some((at) => Math.abs(at[0] - x) < 64 && Math.abs(at[1] - y) < 26)) continue;
      taken.push([x, y]);
      ctx.font = `600 12px ${this.#font()}`;
      const half = ctx.measureText(route.code).width / 2 + 6;
      ctx.fillStyle = this.color("s-1");
      ctx.strokeStyle = this.color("line-2");
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.roundRect(x - half, y - 25, half * 2, 17, 3);
      ctx.fill();
      ctx.stroke();
      this.#text(ctx, route.code, x, y - 12, { font: ctx.font, color: this.color("ink"), halo: false });
      return;
    }
  }

  #places(ctx) {
    const [w, h] = this.size, taken = [];
    const most = Math.round((w * h) / 9000);
    for (const place of this.bundle.places) {
      if (taken.length >= most) break;
      const [x, y] = this.toPixel([place.lon, place.lat]);
      if (x < 0 || y < 0 || x > w || y > h) continue;
      if (taken.some((at) => Math.abs(at[0] - x) < 76 && Math.abs(at[1] - y) < 18)) continue;
      taken.push([x, y]);
      ctx.beginPath();
      ctx.arc(x, y, 3, 0, 7);
      ctx.fillStyle = this.color("m-halo");
      ctx.strokeStyle = this.color("m-label");
      ctx.lineWidth = 1.6;
      ctx.fill();
      ctx.stroke();
      this.#text(ctx, place.name, x + 7, y + 4, { align: "left" });
    }
  }

  // Denials as octagons, all other controls and damage as plates.
  #restriction(ctx, restriction) {
    const [x, y] = this.toPixel([restriction.lon, restriction.lat]), isDenial = restriction.kind === "denial";
    ctx.beginPath();
    if (isDenial) for (let i = 0; i < 8; i++) ctx[i ? "lineTo" : "moveTo"](x + 10 * Math.cos(((i + 0.5) * Math.PI) / 4), y + 10 * Math.sin(((i + 0.5) * Math.PI) / 4));
    else ctx.roundRect(x - 9, y - 8, 18, 16, 3);
    ctx.closePath();
    ctx.fillStyle = this.color(isDenial ? "r" : "s-1");
    ctx.strokeStyle = this.color(isDenial ? "m-halo" : "ink");
    ctx.lineWidth = 1.5;
    ctx.fill();
    ctx.stroke();
    ctx.beginPath();
    if (isDenial) { ctx.moveTo(x - 5, y); ctx.lineTo(x + 5, y); }
    else { ctx.moveTo(x - 5, y - 4); ctx.lineTo(x + 5, y + 4); ctx.moveTo(x - 5, y + 4); ctx.lineTo(x + 5, y - 4); }
    ctx.strokeStyle = this.color(isDenial ? "r-on" : "ink");
    ctx.lineWidth = isDenial ? 3 : 1.7;
    ctx.stroke();
  }

  #hazard(ctx, hazard) {
    const [x, y] = this.toPixel([hazard.lon, hazard.lat]), radius = hazard.u_m / this.resolution;
    const isConfirmed = hazard.state === "X";
    if (radius > 11) {
      ctx.beginPath();
      ctx.arc(x, y, radius, 0, 7);
      ctx.strokeStyle = this.color(isConfirmed ? "h-cha" : "h-sha");
      ctx.lineWidth = 1.5;
      ctx.setLineDash([5, 4]);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.globalAlpha = 0.14;
      ctx.fillStyle = ctx.strokeStyle;
      ctx.fill();
      ctx.globalAlpha = 1;
    }
    ctx.beginPath();
    const corners = isConfirmed ? [[0, 10], [-10, -8], [10, -8]] : [[0, -10], [10, 0], [0, 10], [-10, 0]];
    corners.forEach(([dx, dy], i) => ctx[i ? "lineTo" : "moveTo"](x + dx, y + dy));
    ctx.closePath();
    ctx.fillStyle = this.color(isConfirmed ? "h-cha" : "h-sha");
    ctx.strokeStyle = this.color(isConfirmed ? "m-halo" : "h-cha");
    ctx.lineWidth = isConfirmed ? 1.3 : 2;
    ctx.fill();
    ctx.stroke();
    this.#text(ctx, isConfirmed ? "!" : "?", x, y + (isConfirmed ? 3 : 4.5), { font: `600 12px ${this.#font()}`, color: this.color(isConfirmed ? "h-on-c" : "h-on"), halo: false });
  }

  #drawn(ctx, width) {
    if (this.line?.length > 1) {
      this.#path(ctx, this.line);
      ctx.strokeStyle = this.color("accent");
      ctx.lineWidth = width + 2;
      ctx.lineCap = "round";
      ctx.globalAlpha = 0.75;
      ctx.stroke();
      ctx.globalAlpha = 1;
    }
    for (const { at, accuracy } of this.pins) {
      const [x, y] = this.toPixel(at), radius = (accuracy ?? 0) / this.resolution;
      ctx.strokeStyle = this.color("accent");
      ctx.lineWidth = 2;
      if (radius > 6) { ctx.beginPath(); ctx.arc(x, y, radius, 0, 7); ctx.stroke(); }
      ctx.beginPath();
      for (const [dx, dy] of [[0, 1], [0, -1], [1, 0], [-1, 0]]) { ctx.moveTo(x + dx * 3, y + dy * 3); ctx.lineTo(x + dx * 14, y + dy * 14); }
      ctx.stroke();
    }
  }

  #me(ctx) {
    if (!this.fix) return;
    const [x, y] = this.toPixel(this.fix.at), radius = this.fix.accuracy / this.resolution;
    ctx.fillStyle = this.color("accent");
    if (radius > 9) { ctx.globalAlpha = 0.18; ctx.beginPath(); ctx.arc(x, y, radius, 0, 7); ctx.fill(); ctx.globalAlpha = 1; }
    ctx.beginPath();
    ctx.arc(x, y, 7, 0, 7);
    ctx.fill();
    ctx.strokeStyle = this.color("m-halo");
    ctx.lineWidth = 2.5;
    ctx.stroke();
  }

  #font() { return this.family ??= getComputedStyle(document.body).fontFamily; }

  #text(ctx, words, x, y, { font = `500 12px ${this.#font()}`, color = this.color("m-label"), align = "center", halo = true } = {}) {
    ctx.font = font;
    ctx.textAlign = align;
    if (halo) {
      ctx.strokeStyle = this.color("m-halo");
      ctx.lineWidth = 3;
      ctx.strokeText(words, x, y);
    }
    ctx.fillStyle = color;
    ctx.fillText(words, x, y);
  }
}
