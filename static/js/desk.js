// The desk ([data-desk]) by keyboard: J K next and previous, A accept, G grade, L link, T task, C correct, X choose, Q ask, R show what came, ? help.
// Going from item to item fetches the item alone and swaps it (desk_items.js), with a place in the history of its own.
// Without scripts the links of the queue load the page.
import { startGrading } from "./desk_grading.js";
import { Items } from "./desk_items.js";
import { keyOf } from "./keys.js";

const desk = document.querySelector("[data-desk]");
const find = (name) => desk.querySelector(`[data-${name}]`);
const items = new Items(desk.dataset.fragment);
const links = () => [...desk.querySelectorAll("[data-queue] a")];
const searchOf = (link) => new URL(link.href).search;
let grading = null;
let asked = 0;

if (find("keys")) find("keys").hidden = false;

// An item has just come into the page.
function begin() {
  for (const button of desk.querySelectorAll(".no-script")) button.hidden = true;
  grading = startGrading(desk);
}

function mark(search) {
  for (const link of links()) {
    const isHere = searchOf(link) === search;
    link.toggleAttribute("aria-current", isHere);
    if (isHere) link.setAttribute("aria-current", "true");
    link.parentElement.classList.toggle("here", isHere);
    if (isHere) link.scrollIntoView({ block: "nearest" });
  }
}

const place = () => links().findIndex((link) => link.hasAttribute("aria-current"));

function fetchAhead() {
  const all = links(), at = place();
  for (const link of [all[at + 1], all[at - 1]]) if (link) items.ask(searchOf(link)).catch(() => {});
}

// A link to another language leads to the item in sight.
function keepLanguages(search) {
  for (const link of desk.querySelectorAll("[data-languages] a")) {
    const named = new URLSearchParams(search);
    named.set("language", link.hreflang);
    link.href = `${desk.dataset.desk}?${named}`;
  }
}

async function show(search) {
  const mine = (asked += 1);
  mark(search);
  keepLanguages(search);
  find("item").setAttribute("aria-busy", "true");
  const parts = await items.ask(search);
  if (mine !== asked) return; // gone on meanwhile
  const [item, judge] = parts();
  const map = desk.querySelector("[data-desk-map] .map-box");
  if (map) item.querySelector("[data-desk-map]")?.append(map); // one map for all items: it is only moved
  find("item").replaceWith(item);
  find("judge").replaceWith(judge);
  begin();
  item.scrollTop = judge.scrollTop = 0;
  if (getComputedStyle(desk).display === "flex") scrollTo(0, 0); // one column: the item stands above the queue
  find("title")?.focus({ preventScroll: true });
  desk.dispatchEvent(new CustomEvent("itemshown"));
  fetchAhead();
}

function go(link) {
  const search = searchOf(link);
  history.pushState({ search }, "", link.href);
  show(search).catch(() => location.assign(link.href)); // signed out, or gone: the page says so
}

function move(step) {
  const all = links(), at = place();
  const next = all[at < 0 ? 0 : at + step];
  if (next) go(next);
}

desk.addEventListener("click", (event) => {
  const link = event.target.closest("[data-queue] a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link);
});
addEventListener("popstate", (event) => {
  if (event.state?.search) show(event.state.search).catch(() => location.reload());
  else location.reload();
});

const ACTS = {
  j: () => move(1),
  k: () => move(-1),
  g: () => grading?.focus(),
  a: () => grading?.accept(),
  l: () => { const first = desk.querySelector("[data-suggestions] button"); first ? first.focus() : find("suggestions")?.scrollIntoView({ block: "nearest" }); },
  t: () => find("task-first")?.focus(),
  c: () => find("correct") && location.assign(find("correct").href),
  q: () => desk.querySelector("#ask")?.focus(),
  r: () => location.assign(desk.dataset.desk),
  x: () => { const box = desk.querySelector(".here input[name=item]"); if (box) box.checked = !box.checked; },
  "?": () => find("help").showModal(),
};

find("help-open")?.addEventListener("click", () => find("help").showModal());
addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || find("help").open) return;
  const act = ACTS[keyOf(event)];
  if (!act) return;
  event.preventDefault();
  act();
});

// What comes while an officer reads is told, not slipped under his eyes: the order of the queue moves only when he asks.
const stream = new EventSource("/api/v1/stream?profile=P3&user_class=mission_military");
stream.addEventListener("record", () => {
  find("fresh").hidden = false;
  items.forget();
});
addEventListener("pagehide", () => stream.close());

begin();
const here = desk.querySelector("[data-queue] [aria-current]");
here?.scrollIntoView({ block: "nearest" });
const isDesk = location.pathname === desk.dataset.desk; // else the answer to a form that was refused
const named = new URLSearchParams(location.search);
named.delete("language"); // chosen, and kept by the browser
const search = isDesk && named.size ? `?${named}` : here ? searchOf(here) : "";
if (search) history.replaceState({ search }, "", isDesk && !named.size ? desk.dataset.desk : desk.dataset.desk + search);
fetchAhead();
desk.dataset.ready = "";
