// Talking with the service: who is signed in, the forms, the last picture, questions of the JOC. All of it may fail.
import { meet } from "./clock.js";
import { decodeLine } from "./roads.js";
import { keep, keepTogether, kept } from "./store.js";
import { wishQuery } from "./wish.js";

const PATIENCE_MS = 30000;
export const LANGUAGES = ["en", "fr", "ar"];
export const link = { state: navigator.onLine === false ? "none" : "unknown", isSignedOut: false };
export const bus = new EventTarget();
export const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));

export class NoAnswer extends Error {}

function mark(state) {
  if (link.state === state) return;
  link.state = state;
  tell("link");
}

// The answer of our own service, or NoAnswer. Others may answer on its behalf (a hotel's sign-in page): such answers
// are no JSON, or redirects, and count as none.
export async function ask(path, options = {}) {
  const asked = Date.now(), started = performance.now();
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", redirect: "error", cache: "no-cache", signal: AbortSignal.timeout(options.patience ?? PATIENCE_MS), ...options, headers: { Accept: "application/json", ...options.headers } });
  } catch {
    mark("none");
    throw new NoAnswer(path);
  }
  const kind = answer.headers.get("Content-Type") ?? "";
  if (!/^application\/(problem\+)?json/.test(kind)) {
    mark("weak");
    throw new NoAnswer(`${path}: ${answer.status}`);
  }
  let body;
  try {
    body = await answer.json();
  } catch {
    mark("weak");
    throw new NoAnswer(path);
  }
  await meet(answer.headers.get("Date"), asked, Date.now());
  mark(performance.now() - started > 4000 ? "weak" : "good");
  return { status: answer.status, ok: answer.ok, body, retryAfter: Number(answer.headers.get("Retry-After")) || 0 };
}

// Who is signed in, with a fresh token; null when nobody is. What is known stays kept for use without a network.
export async function refreshSession() {
  const answer = await ask("/field/session");
  const was = link.isSignedOut;
  const person = answer.ok ? answer.body.person : undefined;
  if (person === undefined && answer.status !== 401) return null;
  link.isSignedOut = !person;
  if (person) {
    const before = await kept("session");
    if (before && before.person !== person) await keepTogether({ bundle: null, roads: null, area: null });
    await keep("session", answer.body);
  }
  if (was !== link.isSignedOut) tell("link");
  tell("session");
  return person ? answer.body : null;
}

export async function refreshForms(language) {
  const answer = await ask(`/api/v1/forms?language=${language}`);
  if (answer.ok && Array.isArray(answer.body.forms)) await keep(`forms-${language}`, answer.body);
}

// Returns whether the picture of the area wished for is here. A wish that is not met yet is said, and the old picture stays.
export async function refreshBundle({ isNew = false } = {}) {
  if (isNew) await keepTogether({ "area-waits": true, "area-gone": false });
  const defaults = (await kept("defaults")) ?? {};
  const query = new URLSearchParams(await wishQuery());
  if (defaults.passed) query.set("profile", defaults.passed);
  if (defaults.user_class) query.set("user_class", defaults.user_class);
  const answer = await ask(`/api/v1/field/bundle?${query}`);
  if (answer.status === 404) await keep("area-gone", true);
  if (!answer.ok || !Array.isArray(answer.body.routes)) { tell("bundle"); return false; }
  await keepTogether({ ...unpacked(answer.body), "area-waits": false, "area-gone": false });
  tell("bundle");
  return true;
}

// What is read often with its lines as positions; the many roads stay packed, and are unpacked once (`roads.js`).
function unpacked({ roads, ...bundle }) {
  for (const route of bundle.routes) for (const line of route.lines) line.coordinates = decodeLine(line.path);
  for (const { way } of bundle.movements ?? []) if (way) way.lines = [{ coordinates: decodeLine(way.path), state: way.state, from_km: 0, to_km: way.length_km }];
  if (bundle.area) bundle.area.outline = bundle.area.outline.map(decodeLine);
  return { bundle, roads: roads && { ...roads, as_of: bundle.as_of } };
}

// What the JOC asks back; a service without such questions says so with the session.
export async function refreshQuestions() {
  if (!(await kept("session"))?.asks_back) return;
  const answer = await ask("/api/v1/questions?mine=1");
  await keep("questions", answer.ok && Array.isArray(answer.body.questions) ? answer.body.questions : []);
  tell("questions");
}

export async function findPlaces(text) {
  const answer = await ask(`/api/v1/places?q=${encodeURIComponent(text)}`, { patience: 5000 });
  return answer.ok ? answer.body.places ?? [] : [];
}

let refreshing = null;
// Everything that may have changed since; each part on its own, and none of it twice at a time.
export function refreshAll(language) {
  refreshing ??= (async () => {
    try {
      const session = await refreshSession();
      if (!session) return;
      const wanted = [];
      for (const name of LANGUAGES) if (name === language || !(await kept(`forms-${name}`))) wanted.push(name);
      await Promise.allSettled([refreshBundle(), refreshQuestions(), ...wanted.map(refreshForms)]);
      tell("refreshed");
    } catch (problem) {
      if (!(problem instanceof NoAnswer)) throw problem;
    } finally {
      refreshing = null;
    }
  })();
  return refreshing;
}

