// Reports on their way. An item is a draft, waiting, sent (asked, no answer yet), accepted (the server said so) or
// needs (refused, or contradicted: a person must look). The body is fixed when it is queued and sent byte for byte until
// an answer comes: the same UUID with the same body is one report, however often it is sent.
import { isoOf, now, offsetSeconds } from "./clock.js";
import { NoAnswer, ask, bus, link, refreshSession, tell } from "./contact.js";
import { all, change, get, kept, nextNumber, put, putAll, remove } from "./store.js";

const FIRST_MS = 5000, LONGEST_MS = 300000, PATIENCE_MS = 60000;
const RANK = { explosive: 0, incident: 1, restriction: 2, bridge: 3, civilian_movement: 4, check_in: 4, sighting: 5, passage: 9 };
export const pause = { until: 0, tries: 0 };
const IDLE_MS = 60000, KNOWN_MS = 300000;
let timer = null, sending = null, tried = 0, metAt = 0;

export const list = async () => (await all("items")).sort((a, b) => b.sequence - a.sequence);
export const open = (id) => get("items", id);
export const waitingOf = (items) => items.filter((item) => item.state === "waiting" || item.state === "sent");

async function changed() {
  tell("outbox");
}

// A draft of a form; `more` says of which report it is a later version.
export async function startDraft(form, answers = {}, more = {}) {
  const id = crypto.randomUUID(), session = await kept("session");
  const item = { id, report: id, form, answers, words: "", state: "draft", step: 0, created: Date.now(), sequence: await nextNumber("sequence"), person: session?.person ?? null, tries: 0, ...more };
  return item;
}

export async function saveDraft(item) {
  await put("items", item);
  await changed();
  return item;
}

export async function discard(id) {
  await remove("items", id);
  await changed();
}

// What the service asks for, without what only this phone shows.
function plainAnswers(answers) {
  if (!answers.way?.route && !answers.way?.stretches) return answers;
  const { code, km, ...way } = answers.way;
  return { ...answers, way };
}

function bodyOf(item, id, answers, sequence) {
  const words = (item.words ?? "").trim(), offset = offsetSeconds();
  return {
    id, form: item.form, answers: plainAnswers(answers),
    ...(words ? { words } : {}),
    ...(item.placeText ? { place_text: item.placeText } : {}),
    device_time: isoOf(Date.now()), device_sequence: sequence,
    ...(offset === null ? {} : { device_offset_s: offset }),
  };
}

// Puts a draft in line. A track with gaps becomes one report for each part that was really recorded.
export async function queue(item) {
  const parts = item.answers.way?.parts, bodies = [];
  if (!parts) bodies.push([item, bodyOf(item, item.id, item.answers, item.sequence)]);
  else {
    for (const [index, part] of parts.entries()) {
      const id = index ? crypto.randomUUID() : item.id, sequence = index ? await nextNumber("sequence") : item.sequence;
      const answers = { ...item.answers, way: { track: part.track }, occurred: part.ended, started: part.began };
      bodies.push([{ ...item, id, report: id, sequence, answers, km: part.km, points: part.track.length }, bodyOf(item, id, answers, sequence)]);
    }
  }
  const queued = bodies.map(([one, body]) => ({ ...one, state: "waiting", body: JSON.stringify(body), queued: Date.now(), tries: 0, problem: null, next: 0 }));
  await putAll("items", queued);
  await changed();
  hurry();
  return queued;
}

// Puts in line where a movement is. It counts when it was said, however late it is sent: a position of the receiver when
// that was taken (`said`), another one now.
export async function queueCheckIn(item) {
  const ms = item.said ?? Date.now(), { lon, lat, source, way_km, accuracy_m, radius_m } = item.answers.place, offset = offsetSeconds(), at = ms + now() - Date.now();
  const where = way_km === undefined ? { lon, lat, source: source === "gps" ? "device" : "typed", ...(accuracy_m ?? radius_m ? { accuracy_m: accuracy_m ?? radius_m } : {}) } : { km: way_km };
  const body = { id: item.id, at: isoOf(at), ...where, ...(item.left ? { left: true } : {}), device_time: isoOf(ms), ...(offset === null ? {} : { device_offset_s: offset }) };
  const queued = { ...item, at, state: "waiting", body: JSON.stringify(body), queued: Date.now(), tries: 0, problem: null, next: 0 };
  await put("items", queued);
  await changed();
  hurry();
  return queued;
}

// Puts the answer to a question of the JOC in line.
export async function answer(question, words) {
  const session = await kept("session");
  const item = { id: crypto.randomUUID(), question, form: question.form ?? "other", answers: {}, words, report: question.report_id, state: "waiting", created: Date.now(), queued: Date.now(), sequence: await nextNumber("sequence"), person: session?.person ?? null, tries: 0, next: 0, body: JSON.stringify({ answer: words }) };
  await put("items", item);
  await changed();
  hurry();
  return item;
}

// Back to a draft: only what was never on its way, or was refused.
export async function takeBack(id) {
  const item = await change(id, (it) => {
    if (it.question) return;
    if (it.state === "needs" || (it.state === "waiting" && !it.tries)) Object.assign(it, { state: "draft", body: null });
  });
  await changed();
  return item;
}

// Sends a later version on top of what is there now, after somebody else had changed it.
export async function putOnTop(id) {
  const item = await open(id), current = item?.problem?.current;
  if (item?.state !== "needs" || !current) return;
  const fresh = crypto.randomUUID(), body = { ...JSON.parse(item.body), id: fresh };
  await put("items", { ...item, id: fresh, state: "waiting", base: current, body: JSON.stringify(body), problem: null, tries: 0, next: 0 });
  await remove("items", id);
  await changed();
  hurry();
}

// Now, whatever the timer says.
export function hurry() {
  pause.until = 0;
  return run();
}

const backOff = (tries) => Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 8)) * (0.85 + 0.3 * Math.random());

export function run() {
  sending ??= (navigator.locks ? navigator.locks.request("fom-outbox", { ifAvailable: true }, (lock) => (lock ? sendAll() : null)) : sendAll())
    .catch((problem) => console.warn("outbox", problem))
    .finally(() => { sending = null; schedule(); });
  return sending;
}

async function schedule() {
  clearTimeout(timer);
  const due = waitingOf(await list());
  if (!due.length || link.isSignedOut) return;
  const at = Date.now(), soonest = Math.min(...due.map((item) => item.next ?? 0)), wait = Math.max(pause.until, soonest) - at;
  // a clock that was set back would hold everything for ever: no wait is longer than the longest
  timer = setTimeout(run, Math.max(tried || isHeld(pause.until) ? 250 : IDLE_MS, Math.min(wait, LONGEST_MS)));
  tell("schedule");
}

const isHeld = (until) => until > Date.now() && until - Date.now() <= LONGEST_MS * 1.2;

async function sendAll() {
  tried = 0;
  if (isHeld(pause.until) || navigator.onLine === false) return;
  let due = order(waitingOf(await all("items")));
  if (!due.length) return;
  try {
    const isFresh = !link.isSignedOut && metAt && Date.now() - metAt >= 0 && Date.now() - metAt < KNOWN_MS;
    const session = isFresh ? await kept("session") : await refreshSession();
    if (!session) return;
    metAt = Date.now();
    for (const item of due) {
      if (item.person && item.person !== session.person) continue;
      if (isHeld(item.next ?? 0)) continue;
      await sendOne(item.id);
      if (link.isSignedOut) return;
    }
    Object.assign(pause, { until: 0, tries: 0 });
  } catch (problem) {
    if (!(problem instanceof NoAnswer)) throw problem;
    metAt = 0;
    pause.tries += 1;
    pause.until = Date.now() + backOff(pause.tries - 1);
  }
  await changed();
}

function order(items) {
  return items.sort((a, b) => (RANK[a.form] ?? 6) - (RANK[b.form] ?? 6) || a.sequence - b.sequence);
}

async function sendOne(id) {
  let item = await open(id);
  if (!item || (item.state !== "waiting" && item.state !== "sent")) return;
  if (item.after) {
    const before = await open(item.after);
    if (before && before.state !== "accepted") return; // the report itself goes first
    if (!item.base) item = await change(id, (it) => { it.base = before?.result?.version ?? 1; });
  }
  item = await change(id, (it) => { it.state = "sent"; it.tries += 1; it.asked = Date.now(); });
  tried += 1;
  await changed();
  try {
    const answer = await post(item);
    await settle(item, answer);
  } catch (problem) {
    await change(id, (it) => { it.state = "waiting"; });
    await changed();
    throw problem;
  }
}

async function post(item, isSecond = false) {
  const session = await kept("session");
  const path = item.movement ? `/api/v1/movement-plans/${encodeURIComponent(item.movement.id)}/check-ins` : item.question ? `/api/v1/questions/${item.question.id}/answer` : item.base ? `/api/v1/reports/${item.report}/versions` : "/api/v1/reports";
  const body = item.base ? JSON.stringify({ ...JSON.parse(item.body), base_version: item.base }) : item.body;
  const answer = await ask(path, { method: "POST", body, patience: PATIENCE_MS, headers: { "Content-Type": "application/json", "X-CSRFToken": session?.csrf ?? "" } });
  if (answer.status === 400 && !isSecond) { // a token of an earlier login
    if (await refreshSession()) return post(item, true);
    return { status: 401, body: {} };
  }
  return answer;
}

const isOurs = (item, body) => (item.movement ? body.id === item.id && body.movement_id === item.movement.id : isOfReport(item, body));
const isOfReport = (item, body) => body.report_id === item.report && (item.question ? body.id === item.question.id && body.answer === item.words : Number.isInteger(body.version));

async function settle(item, { status, body, retryAfter }) {
  const problem = { status, code: body.code ?? null, detail: body.detail ?? null, errors: body.errors ?? [], current: body.details?.current ?? null };
  const edit = (values) => change(item.id, (it) => { Object.assign(it, values); });
  if (status === 200 || status === 201) {
    if (!isOurs(item, body)) throw new NoAnswer("an answer that is not about this report");
    await edit({ state: "accepted", accepted: Date.now(), result: body, problem: null });
    if (!item.movement) tell("accepted", { id: item.id, report: body.report_id });
  } else if (status === 401) {
    link.isSignedOut = true;
    await edit({ state: "waiting" });
    tell("link");
  } else if (status === 429 || status >= 500) {
    await edit({ state: "waiting", problem, next: Date.now() + Math.max(retryAfter * 1000, backOff(item.tries - 1)) });
  } else await edit({ state: "needs", problem });
  await changed();
}

export function start() {
  addEventListener("online", hurry);
  addEventListener("offline", () => { link.state = "none"; tell("link"); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") hurry(); });
  bus.addEventListener("session", () => { if (!link.isSignedOut) run(); });
  return hurry();
}

// Reports that were accepted long ago leave the phone; the newest stay to be looked at and added to.
const SHOWN = 30;
export async function tidy() {
  const done = (await list()).filter((item) => item.state === "accepted").slice(SHOWN);
  const needed = new Set((await all("items")).map((item) => item.after));
  for (const item of done) if (!needed.has(item.id)) await remove("items", item.id);
}
