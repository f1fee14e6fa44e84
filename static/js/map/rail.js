// The left rail: kilometres by state, key routes (letter, cause, age, fuse), question asked, layer switches, oldest knowledge.
import { age, element, fuse, kilometres, stateChip, svg } from "../words.js";
import { KeyRoutes } from "./routes.js";

const STORE = "fom-map";
const LETTERS = "OC?RX";

// What was chosen in this browser before.
const kept = () => JSON.parse(localStorage.getItem(STORE) ?? "{}");

export class Rail {
  constructor(root, feed, rules) {
    Object.assign(this, { root, feed, rules, onQuestion() {}, onLayer() {}, onRoute() {} });
    this.profileBox = root.querySelector("[data-profile]");
    this.userBox = root.querySelector("[data-user-class]");
    for (const box of [this.profileBox, this.userBox]) {
      box.addEventListener("change", () => {
        this.#keep();
        this.onQuestion();
      });
    }
    for (const box of root.querySelectorAll("[data-layer]")) {
      box.addEventListener("change", () => {
        this.#keep();
        this.onLayer(box.dataset.layer, box.checked);
      });
    }
    const legend = root.querySelector("[data-legend]");
    legend.addEventListener("toggle", () => this.#keep());
    if (matchMedia("(max-width: 820px)").matches) {
      root.querySelector("[data-rail-fold]").open = false;
      legend.open = false;
    } else if (matchMedia("(max-width: 1279px)").matches || kept().legend === false) legend.open = false;
  }

  get profile() {
    return this.profileBox.value;
  }

  get userClass() {
    return this.userBox.value;
  }

  #keep() {
    const layers = Object.fromEntries([...this.root.querySelectorAll("[data-layer]")].map((box) => [box.dataset.layer, box.checked]));
    localStorage.setItem(STORE, JSON.stringify({ profile: this.profile, userClass: this.userClass, layers, legend: this.root.querySelector("[data-legend]").open }));
  }

  // What was chosen in this browser before; the address may name a profile and class, which then hold.
  restore() {
    const { profile, userClass, layers } = kept();
    const asked = new URLSearchParams(location.search);
    const choose = (box, value) => [...box.options].some((o) => o.value === value) && (box.value = value);
    choose(this.profileBox, asked.get("profile") ?? profile);
    choose(this.userBox, asked.get("user_class") ?? userClass);
    for (const box of this.root.querySelectorAll("[data-layer]")) {
      box.checked = layers?.[box.dataset.layer] ?? box.checked;
      this.onLayer(box.dataset.layer, box.checked);
    }
  }

  isOn(name) {
    return this.root.querySelector(`[data-layer="${name}"]`).checked;
  }

  countLayer(name, count) {
    this.root.querySelector(`[data-layer-count="${name}"]`)?.replaceChildren(String(count));
  }

  showRoutes(routes) {
    const list = this.root.querySelector("[data-route-list]");
    if (!routes.length) list.replaceChildren(element("li", { class: "empty" }, "No key route is defined yet."));
    else list.replaceChildren(...inOrder(routes).map((route) => this.#row(route)));
    this.#kilometres(routes);
    this.#oldest(routes);
  }

  #row(route) {
    const now = this.feed.now;
    const verified = route.verified_at ? Date.parse(route.verified_at) : null;
    const shares = route.segments.map((segment) => KeyRoutes.shareUsed(segment, now));
    const share = shares.includes(null) ? null : Math.max(...shares);
    const link = element("a", { href: `/routes/${encodeURIComponent(route.id)}`, onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      for (const other of this.root.querySelectorAll(".route-list [aria-current]")) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      this.onRoute(route);
    } }, stateChip(route.state), element("b", {}, route.code, element("span", {}, `${kilometres(route.length_m)} km`)), fuse(route.state, share), element("span", { class: "cause", title: route.cause ?? "" }, route.cause ?? route.name), element("span", { class: "age", title: "Oldest verification on the route" }, verified === null ? "never" : age(now - verified)));
    return element("li", {}, link);
  }

  #kilometres(routes) {
    const sums = Object.fromEntries([...LETTERS].map((letter) => [letter, 0]));
    for (const route of routes) for (const letter of LETTERS) sums[letter] += route.by_state_m?.[letter] ?? 0;
    const total = Object.values(sums).reduce((a, b) => a + b, 0);
    this.root.querySelector("[data-total-km]").textContent = kilometres(total);
    for (const letter of LETTERS) this.root.querySelector(`[data-km="${letter}"]`).textContent = Math.round(sums[letter] / 1000);
    const bar = this.root.querySelector("[data-km-bar]");
    bar.replaceChildren();
    let x = 0;
    for (const letter of LETTERS) {
      const part = total ? (220 * sums[letter]) / total : 0;
      if (part > 0) bar.append(stateBar(letter, x, Math.max(1, part - 1)));
      x += part;
    }
  }

  #oldest(routes) {
    let oldest = null;
    for (const route of routes) {
      const verified = route.verified_at ? Date.parse(route.verified_at) : -Infinity;
      if (!oldest || verified < oldest.verified) oldest = { route, verified };
    }
    const [figure, words] = this.root.querySelector("[data-oldest]").children;
    figure.textContent = !oldest ? "–" : oldest.verified === -Infinity ? "never" : age(this.feed.now - oldest.verified);
    words.textContent = !oldest ? "" : `${oldest.route.code}: oldest stretch ${oldest.verified === -Infinity ? "was never verified" : "last passed then"}`;
  }
}

// Main supply routes before alternates, then by name: places in the list stay where the eye expects them.
function inOrder(routes) {
  const key = (route) => (route.code.startsWith("MSR") ? "0" : "1") + route.code;
  return [...routes].sort((a, b) => key(a).localeCompare(key(b)));
}

// One stretch of a bar in the state's pattern; geometry attributes only, so that no style needs to be inlined.
function stateBar(letter, x, width) {
  const y = 5, d = `M${x} ${y}h${width}`;
  const line = (attributes) => svg("path", { d, ...attributes });
  const group = svg("g", {});
  if (letter === "O") group.append(line({ class: "bar-O" }));
  if (letter === "C") group.append(line({ class: "bar-C dim" }), line({ class: "bar-C", "stroke-dasharray": "6 2" }));
  if (letter === "?") group.append(svg("path", { d: `M${x + 2} ${y}h${Math.max(0.1, width - 3)}`, class: "bar-U", "stroke-dasharray": "0 5", "stroke-linecap": "round" }));
  if (letter === "R") group.append(line({ class: "bar-R dim" }), line({ class: "bar-R", "stroke-dasharray": "9 2" }));
  if (letter === "X") group.append(line({ class: "bar-X rim" }), svg("path", { d: `M${x + 1} ${y}h${Math.max(0.5, width - 2)}`, class: "bar-X" }));
  return group;
}
