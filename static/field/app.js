// The field app: starts its parts, shows the page of the address after `#`, keeps status, outbox line and warnings in sight.
import { hour, now, openClock } from "./clock.js";
import { bus, link, refreshAll } from "./contact.js";
import { formOf, duration, hazardWords, language, metres, openForms, openWords, t } from "./words.js";
import { here, openGps, warnings } from "./gps.js";
import { renderForm } from "./forms.js";
import { hurry, list, open, pause, start, tidy, waitingOf } from "./outbox.js";
import { openPhotos } from "./photo_box.js";
import { renderArea } from "./area.js";
import { isCarried, readBundle, renderPicture } from "./picture.js";
import { renderHome, renderMe, renderOutbox, renderQuestion, renderSent, seconds } from "./pages.js";
import { kept } from "./store.js";
import { renderCheckIn } from "./movements.js";
import { openTrack } from "./track.js";
import { button, el, fill, ltr } from "./ui.js";

const REFRESH_MS = 300000;
const view = document.querySelector("[data-view]"), tabs = document.querySelector("[data-tabs]"), bands = document.querySelector("[data-bands]"), status = document.querySelector("[data-status]");
let page = {}, leaving = [], shown = 0, version = null, waitingWorker = null;

const PAGES = {
  report: (host) => renderHome(host),
  picture: (host) => renderPicture(host, { onleave: (end) => leaving.push(end) }),
  area: (host) => renderArea(host),
  outbox: (host) => renderOutbox(host),
  me: (host) => renderMe(host, { version, update: waitingWorker && takeUpdate }),
  sent: (host, id) => renderSent(host, id),
  question: (host, id) => renderQuestion(host, id),
  checkin: async (host, id) => {
    const item = await open(id);
    if (!item?.movement || item.state !== "draft") { location.hash = item ? `#sent/${id}` : "#report"; return {}; }
    await renderCheckIn(host, item);
    return {};
  },
  form: async (host, id) => {
    const item = await open(id);
    if (!item || item.state !== "draft") { location.hash = item ? `#sent/${id}` : "#report"; return {}; }
    await renderForm(host, item);
    return {};
  },
};

async function show() {
  const [name, id] = location.hash.slice(1).split("/"), turn = ++shown;
  for (const end of leaving.splice(0)) end();
  page.stop?.();
  page = {};
  view.dataset.page = PAGES[name] ? name : "report";
  drawTabs();
  // each page has a host of its own: what a page that was left still had to draw ends nowhere
  const host = el("div", { class: "host" });
  fill(view, host);
  const made = (await (PAGES[name] ?? PAGES.report)(host, id)) ?? {};
  if (turn !== shown) return made.stop?.();
  page = made;
  document.documentElement.dataset.ready = view.dataset.page;
  scrollTo(0, 0);
}

async function drawTabs() {
  const items = await list(), open = items.filter((item) => item.state !== "accepted" && item.state !== "draft").length + ((await kept("questions")) ?? []).length;
  const tab = { form: "report", checkin: "report", sent: "outbox", question: "outbox", area: "picture" }[view.dataset.page] ?? view.dataset.page;
  tabs.setAttribute("aria-label", t("app_pages"));
  fill(tabs, ...["report", "picture", "outbox", "me"].map((name) => el("a", { href: `#${name}`, "aria-current": name === tab ? "page" : null }, t(`tab_${name}`), name === "outbox" && open ? el("i", {}, String(open)) : null)));
}

async function drawStatus() {
  const words = link.state === "none" || navigator.onLine === false ? "link_none" : link.state === "weak" ? "link_weak" : link.state === "good" ? "link_good" : "link_unknown";
  fill(status, el("b", {}, ltr(hour(now()))), el("span", {}, t(words)));
  const bundle = await readBundle(), waits = waitingOf(await list()), near = warnings(bundle), parts = [];
  for (const { hazard, least, bearing } of near.slice(0, 1)) {
    const place = least < 1 ? t("hazard_here") : t("hazard_near", { m: metres(least), deg: String(Math.round(bearing)).padStart(3, "0") });
    parts.push(el("div", { class: "banner danger near", role: "alert" }, el("strong", {}, place), el("span", {}, `${hazardWords(hazard)}, ± ${metres(hazard.u_m)}${near.length > 1 ? ` · ${t("and_more", { n: near.length - 1 })}` : ""}. ${t("stop_back")}`)));
  }
  if (here() && bundle && !isCarried(bundle, here().at)) parts.push(el("div", { class: "outline", role: "status" }, el("span", {}, t("outside_area")), el("a", { href: "#area" }, t("area_change"))));
  if (waits.length) {
    const oldest = Math.min(...waits.map((item) => item.queued)), wait = pause.until - Date.now();
    const how = link.isSignedOut ? t("sign_in_to_send") : wait > 0 ? t("next_try", { wait: seconds(wait) }) : t("sends_by_itself");
    parts.push(el("div", { class: "outline", role: "status" }, el("b", {}, t("n_waiting", { n: waits.length })), el("span", {}, t("oldest", { age: duration(Date.now() - oldest) }), " · ", how), link.isSignedOut ? el("a", { href: "/login?next=/field" }, t("sign_in")) : button(t("try_now"), () => hurry(), { class: "plain" })));
  } else if (link.isSignedOut && view.dataset.page !== "me") parts.push(el("div", { class: "outline" }, el("span", {}, t("signed_out")), el("a", { href: "/login?next=/field" }, t("sign_in"))));
  if (waitingWorker) parts.push(el("div", { class: "outline" }, el("span", {}, t("update_ready")), button(t("take_update"), takeUpdate, { class: "plain" })));
  const key = parts.map((part) => part.textContent).join("|");
  if (bands.dataset.key === key) return;
  bands.dataset.key = key;
  fill(bands, ...parts);
}

function takeUpdate() {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waitingWorker?.postMessage("take over");
}

async function keepShell() {
  if (!navigator.serviceWorker) return;
  const registration = await navigator.serviceWorker.register("/field/sw.js", { scope: "/field", updateViaCache: "none" });
  const note = (worker) => { if (worker && navigator.serviceWorker.controller) { waitingWorker = worker; drawStatus(); } };
  note(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => { if (worker.state === "installed") note(worker); });
  });
  const ready = await navigator.serviceWorker.ready, channel = new MessageChannel();
  channel.port1.onmessage = ({ data }) => { version = data; document.documentElement.dataset.shell = data; };
  ready.active?.postMessage("version", [channel.port2]);
}

async function begin() {
  await openClock();
  await openWords();
  await openTrack();
  addEventListener("hashchange", show);
  const passOn = (name, also = () => {}) => bus.addEventListener(name, async ({ detail }) => { await also(detail); page[name]?.(detail); });
  passOn("outbox", () => { drawTabs(); drawStatus(); });
  passOn("gps", drawStatus);
  passOn("link", drawStatus);
  for (const name of ["track", "bundle", "session", "questions"]) passOn(name, drawStatus);
  bus.addEventListener("schedule", drawStatus);
  bus.addEventListener("language", show);
  bus.addEventListener("refreshed", async () => { const had = formOf("passage"); await openForms(); if (!had) show(); });
  openPhotos();
  bus.addEventListener("accepted", ({ detail }) => document.dispatchEvent(new CustomEvent("reportaccepted", { detail })));
  await show();
  await drawStatus();
  setInterval(drawStatus, 5000);
  setInterval(() => { if (document.visibilityState === "visible") refreshAll(language); }, REFRESH_MS);
  addEventListener("online", () => { link.state = "unknown"; refreshAll(language); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") refreshAll(language); });
  keepShell().catch((problem) => console.warn("offline copy", problem));
  start();
  refreshAll(language).then(tidy);
  openGps();
}

begin();
