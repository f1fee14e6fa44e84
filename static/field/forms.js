// Any form, one question per step: first those of the flash, the details later as a new version of the same report.
// Every answer is on the disk before the next question is shown.
import { dateTimeGroup, isoOf, now } from "./clock.js";
import { kept, keep } from "./store.js";
import { queue, saveDraft, startDraft, open, discard } from "./outbox.js";
import { nearestFirst, rowsOf } from "./offered.js";
import { placeStep } from "./place.js";
import { latinFigures, twoForms } from "./position.js";
import { begin } from "./track.js";
import { add, button, chip, confirmStep, el, fill, go, ltr, warningBand } from "./ui.js";
import { answerWords, formOf, listed, metres, problemWords, refusalWords, t, wordsLongest } from "./words.js";
import { wayStep, wayWords } from "./way.js";

const ABOUT_ME = ["strength", "user_class", "passed"];
// Questions whose answer is the same on most days of a patrol: kept from the last report, shown before sending.
const ASSUMED = { unimpeded: true };
const SEND_WAKES_MS = 350, OFFERED_SHOWN = 60;

export const isDetails = (item) => Boolean(item.after || item.base);

// The questions asked of a draft: of a first report the flash ones, of a later version the others.
export function questionsOf(item) {
  const form = formOf(item.form);
  if (!form) return [];
  const wanted = form.questions.filter((question) => (isDetails(item) ? !question.is_flash || item.answers[question.code] === undefined : question.is_flash));
  return wanted.filter((question) => isDetails(item) || !(item.assumed ?? []).includes(question.code));
}

export async function beginForm(code) {
  const defaults = (await kept("defaults")) ?? {}, form = formOf(code), answers = {};
  for (const question of form.questions.filter((one) => one.is_flash)) {
    if (ABOUT_ME.includes(question.code) && defaults[question.code] !== undefined) answers[question.code] = defaults[question.code];
    else if (question.code in ASSUMED) answers[question.code] = ASSUMED[question.code];
    else if (question.kind === "moment" && code === "passage") answers[question.code] = isoOf(now());
  }
  return startDraft(code, answers, { assumed: Object.keys(answers) });
}

export async function beginDetails(id) {
  const item = await open(id);
  if (!item) return null;
  const answers = { ...item.answers }, base = item.result?.version ?? null;
  if (answers.way?.parts) delete answers.way.parts;
  return startDraft(item.form, answers, { report: item.report, after: item.id, base, words: item.words ?? "", person: item.person });
}

export function answerText(question, value) {
  if (value === undefined || value === null) return t("not_answered");
  if (question.kind === "choice") return answerWords(question, value);
  if (question.kind === "choices") return listed(value.map((code) => answerWords(question, code)));
  if (question.kind === "flag") return t(value ? "yes" : "no");
  if (question.kind === "moment") return dateTimeGroup(Date.parse(value));
  if (question.kind === "place") return value.lon === undefined ? value.text : [...twoForms(value.lon, value.lat), value.radius_m || value.accuracy_m ? `± ${metres(value.radius_m ?? value.accuracy_m)}` : null].filter(Boolean).join(" · ");
  if (question.kind === "way") return wayWords(value);
  return question.unit ? `${value} ${question.unit}` : String(value);
}

// Errors of the service, by question.
export function problemsOf(item) {
  const found = new Map();
  for (const error of item.problem?.errors ?? []) {
    const code = /^answers\.(\w+)/.exec(error.field)?.[1] ?? (/^segments\b/.test(error.field) ? "way" : "");
    found.set(code, [...(found.get(code) ?? []), refusalWords(error, formOf(item.form)?.questions.find((question) => question.code === code))]);
  }
  return found;
}

// Renders the step of a draft into the view; `leave` is told what to stop when another page is shown.
export async function renderForm(view, item) {
  const form = formOf(item.form);
  if (!form) { fill(view, el("div", { class: "pad" }, el("p", { class: "empty" }, t("no_forms")))); return; }
  const questions = questionsOf(item), steps = questions.length + 1, step = Math.min(item.step ?? 0, questions.length);
  const head = el("div", { class: "steps" }, el("div", { class: "rowx" }, el("span", {}, isDetails(item) ? t("details_of", { form: form.title }) : form.title), el("span", { class: "end" }, t("step_of", { n: step + 1, all: steps }))), el("div", { class: "progress", "aria-hidden": "true" }, ...Array.from({ length: steps }, (_, i) => el("i", { class: i <= step ? "on" : "" }))));
  const body = el("div", { class: "pad form-step" }, head), foot = el("div", { class: "send-bar" });
  fill(view, form.warning ? warningBand(form.warning) : null, body, foot);
  const move = async (by) => {
    item.step = Math.max(0, Math.min(questions.length, step + by));
    await saveDraft(item);
    await renderForm(view, item);
    document.querySelector("[data-view]").focus({ preventScroll: true });
    scrollTo(0, 0);
  };
  const back = step ? button(t("back"), () => move(-1)) : button(t("leave"), () => leave(item));
  if (step === questions.length) return renderReview({ view, item, form, body, foot, back });
  const question = questions[step];
  add(body, el("h1", {}, question.words), question.help ? el("p", { class: "help" }, question.help) : null);
  const next = button(question.kind === "place" ? t("yes_place") : question.kind === "way" ? t("yes_way") : t("next"), () => move(1), { class: "main" });
  add(foot, back, next);
  const state = { value: item.answers[question.code] };
  // An answer is noted at once and stands on the disk before the next step; an empty one is no answer.
  const say = (value, isDone = false) => {
    const isEmpty = value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
    state.value = isEmpty ? undefined : value;
    if (isEmpty) delete item.answers[question.code]; else item.answers[question.code] = value;
    item.isRefused = false;
    settle();
    saveDraft(item).then(() => { if (isDone) move(1); });
  };
  // A place is left out only by whoever says that he cannot say where.
  const settle = (isBad = false, isLeftOut = question.kind !== "place") => {
    const isAnswered = state.value !== undefined;
    next.disabled = isBad || (!isAnswered && (question.is_required || !isLeftOut));
    if (!question.is_required && !isAnswered) next.textContent = question.kind !== "place" ? t("skip") : isLeftOut ? t("skip_place") : t("yes_place");
    else next.textContent = question.kind === "place" ? t("yes_place") : question.kind === "way" ? t("yes_way") : t("next");
  };
  settle();
  await (CONTROLS[question.kind] ?? CONTROLS.text)({ body, question, value: state.value, say, settle, item });
  for (const words of problemsOf(item).get(question.code) ?? []) add(body, el("p", { class: "error" }, words));
}

function leave(item) {
  const isEmpty = !Object.keys(item.answers).some((code) => !(item.assumed ?? []).includes(code)) && !item.words;
  if (isEmpty) discard(item.id);
  go("#report");
}

const CONTROLS = {
  async choice({ body, question, value, say }) {
    add(body, el("div", { class: "options", role: "group", "aria-label": question.words }, ...question.answers.map(({ code, words }) => el("button", { type: "button", class: "option", "aria-pressed": String(code === value), dataset: { code }, onclick: () => say(code, true) }, el("b", {}, words)))));
  },

  async choices({ body, question, value, say }) {
    const boxes = question.answers.map(({ code }) => el("input", { type: "checkbox", value: code, checked: (value ?? []).includes(code), onchange: () => say(boxes.filter((box) => box.checked).map((box) => box.value)) }));
    add(body, el("div", { class: "options" }, ...question.answers.map(({ words }, i) => el("label", { class: "option" }, boxes[i], el("b", {}, words)))));
  },

  async flag({ body, question, value, say }) {
    add(body, el("div", { class: "options", role: "group", "aria-label": question.words }, ...[true, false].map((is) => el("button", { type: "button", class: "option", "aria-pressed": String(value === is), onclick: () => say(is, true) }, el("b", {}, t(is ? "yes" : "no"))))));
  },

  async text({ body, question, value, say }) {
    if (question.code === "passed") {
      const profiles = (await kept("session"))?.profiles ?? [];
      if (profiles.length) {
        add(body, el("div", { class: "options" }, ...profiles.map((p) => el("button", { type: "button", class: "option", "aria-pressed": String(p.code === value), dataset: { code: p.code }, onclick: () => say(p.code, true) }, el("b", {}, t(`vehicle_${p.vehicle}`)), el("span", {}, `${p.code} · MLC ${p.mlc} · ${p.mass_t} t`)))));
        return;
      }
    }
    add(body, el("textarea", { maxlength: question.longest ?? 500, rows: "5", "aria-label": question.words, value: value ?? "", oninput: ({ target }) => say(target.value.trim()) }));
  },

  async number({ body, question, value, say, settle }) {
    const { number } = await import("./place.js"), isWhole = question.kind === "integer", told = el("p", { class: "error", role: "alert", hidden: true });
    const input = el("input", { inputmode: isWhole ? "numeric" : "decimal", "aria-label": question.words, autocomplete: "off", value: value ?? "" });
    input.addEventListener("input", () => {
      const read = number(input.value), isBad = input.value.trim() !== "" && (read === null || (isWhole && !Number.isInteger(read)) || read < (question.low ?? -Infinity) || read > (question.high ?? Infinity));
      told.hidden = !isBad;
      told.textContent = isBad ? t("bad_number", { came: input.value, low: question.low, high: question.high, unit: question.unit ?? "" }) : "";
      if (isBad) settle(true); else say(read);
    });
    add(body, el("div", { class: question.unit ? "unit" : "" }, input, question.unit ? el("span", {}, question.unit) : null), told);
  },

  async moment({ body, question, value, say, settle }) {
    const isAhead = ["until", "next_review"].includes(question.code);
    const start = value ? Date.parse(value) : now();
    const iso = new Date(start).toISOString(), day = el("input", { type: "date", value: value || !isAhead ? iso.slice(0, 10) : "", "aria-label": t("day") }), time = el("input", { inputmode: "numeric", maxlength: "5", placeholder: "HHMM", autocomplete: "off", value: value || !isAhead ? iso.slice(11, 16).replace(":", "") : "", "aria-label": t("time") });
    const told = el("p", { class: "help" }), other = el("div", { class: "pair", hidden: !isAhead && !value }, el("label", {}, t("day"), day), el("label", {}, t("time"), el("div", { class: "unit" }, time, el("span", {}, "Z"))));
    const read = () => {
      const clock = /^([01]?\d|2[0-3])[:.]?([0-5]\d)$/.exec(latinFigures(time.value).trim() || (isAhead ? "1200" : ""));
      const ms = day.value && clock ? Date.parse(`${day.value}T${clock[1].padStart(2, "0")}:${clock[2]}:00Z`) : NaN;
      told.textContent = Number.isFinite(ms) ? dateTimeGroup(ms) : t("bad_time");
      if (Number.isFinite(ms)) say(isoOf(ms)); else { say(null); settle(true); }
    };
    day.addEventListener("input", read);
    time.addEventListener("input", read);
    if (!isAhead) {
      add(body, el("div", { class: "options" },
        el("button", { type: "button", class: "option", dataset: { code: "now" }, onclick: () => say(isoOf(now()), true) }, el("b", {}, t("just_now")), el("span", {}, ltr(dateTimeGroup(now())))),
        el("button", { type: "button", class: "option", onclick: () => { other.hidden = false; day.focus(); read(); } }, el("b", {}, t("another_time")))));
    }
    add(body, other, el("p", { class: "help" }, t("times_are_utc")), told);
    if (value) told.textContent = dateTimeGroup(start);
  },

  async place({ body, question, value, say, settle, item }) {
    await placeStep(body, { value, say, onnone: question.is_required ? null : () => settle(false, true), isHazard: item.form === "explosive", withAssets: item.form === "bridge" });
    if (item.form === "explosive") add(body, el("div", { class: "effect" }, chip("R"), el("span", {}, t("hazard_effect"))));
  },

  async way({ body, value, say }) {
    await wayStep(body, { value, say });
  },

  async subject({ body, question, value, say }) {
    const bundle = await kept("bundle"), rows = nearestFirst(rowsOf(bundle, question.register));
    if (!rows.length) { add(body, el("p", { class: "empty" }, t("no_rows"))); return; }
    const find = el("input", { type: "search", placeholder: t("search"), "aria-label": t("search") }), list = el("div", { class: "options" }), more = el("p", { class: "help" });
    const show = () => {
      const found = rows.filter((row) => row.name.toLowerCase().includes(find.value.trim().toLowerCase()));
      fill(list, ...found.slice(0, OFFERED_SHOWN).map((row) => el("button", { type: "button", class: "option", "aria-pressed": String(row.id === value), onclick: () => say(row.id, true) }, el("b", {}, row.name), row.away === null ? null : el("span", {}, t("away_distance", { m: metres(row.away) })))));
      fill(more, found.length > OFFERED_SHOWN ? t("and_more", { n: found.length - OFFERED_SHOWN }) : null, question.register === "site" ? ` ${t(bundle.area ? "offered_in_area" : "offered_largest")}` : null);
    };
    find.addEventListener("input", show);
    show();
    add(body, rows.length > 8 ? find : null, list, more);
  },
};
CONTROLS.integer = CONTROLS.number;

async function renderReview({ view, item, form, body, foot, back }) {
  const problems = problemsOf(item), bundle = await kept("bundle");
  const shown = form.questions.filter((question) => question.is_flash || item.answers[question.code] !== undefined || isDetails(item));
  const rows = shown.filter((question) => !(isDetails(item) && item.answers[question.code] === undefined)).map((question) => {
    let value = item.answers[question.code];
    if (question.kind === "subject" && value) value = rowsOf(bundle, question.register).find((row) => row.id === value)?.name ?? value;
    const isPlain = ["place", "moment"].includes(question.kind) || Boolean(value?.start);
    const words = question.kind === "subject" ? value ?? t("not_answered") : answerText(question, value);
    return el("div", { class: "answer" }, el("dt", {}, question.words), el("dd", {}, isPlain ? ltr(words) : words, ...(problems.get(question.code) ?? []).map((text) => el("p", { class: "error" }, text))), button(t("change"), () => change(question), { class: "plain", "aria-label": `${t("change")}: ${question.words}` }));
  });
  const change = async (question) => {
    item.assumed = (item.assumed ?? []).filter((code) => code !== question.code);
    let at = questionsOf(item).findIndex((one) => one.code === question.code);
    if (at < 0) { const known = item.answers[question.code]; delete item.answers[question.code]; at = questionsOf(item).findIndex((one) => one.code === question.code); item.answers[question.code] = known; at = Math.max(0, at); }
    item.step = at;
    await saveDraft(item);
    await renderForm(view, item);
  };
  const words = el("textarea", { rows: "3", maxlength: wordsLongest(), value: item.words ?? "", id: "words", oninput: ({ target }) => { item.words = target.value; saveDraft(item); } });
  const missing = form.questions.filter((question) => question.is_required && item.answers[question.code] === undefined);
  const send = button(t("send"), async () => { send.disabled = true; await finish(item); }, { class: "main", disabled: true });
  // a second tap on Next must not send: the button there wakes after a moment
  setTimeout(() => { send.disabled = missing.length > 0; }, SEND_WAKES_MS);
  const slot = el("div", { dataset: { photos: "", report: item.report, form: item.form, item: item.id } });
  const loose = [...(problems.get("") ?? []), ...(item.problem && !item.problem.errors.length && item.problem.detail ? [problemWords(item.problem)] : [])];
  add(body, el("h1", {}, t("review")), ...loose.map((text) => el("p", { class: "error" }, text)), el("dl", { class: "answers" }, ...rows), ...(missing.length ? [el("p", { class: "error" }, t("still_missing", { what: listed(missing.map((question) => question.words)) }))] : []), el("div", { class: "field" }, el("label", { for: "words" }, t("in_your_words")), words, el("p", { class: "help" }, t("no_names"))), slot, el("p", { class: "rowx" }, button(t("discard"), () => confirmStep(t("discard_ask"), t("discard"), async () => { await discard(item.id); go("#report"); }), { class: "plain" })));
  add(foot, back, send);
  document.dispatchEvent(new CustomEvent("photoslot", { detail: { slot, report: item.report, item: item.id, form: item.form } }));
}

async function finish(item) {
  const defaults = (await kept("defaults")) ?? {};
  for (const code of ABOUT_ME) if (item.answers[code] !== undefined) defaults[code] = item.answers[code];
  await keep("defaults", defaults);
  const isTrack = Boolean(item.answers.way?.parts);
  const [first] = await queue(item);
  if (isTrack) await begin();
  navigator.storage?.persist?.();
  go(`#sent/${first.id}`);
}

