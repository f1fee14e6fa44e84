// What the app says, in the language chosen on this phone: its own words, and those of the forms as the service gave them.
import { LANGUAGES } from "./contact.js";
import { kept } from "./store.js";

let own = {}, english = {}, forms = null;
export let language = "en";

const load = async (name) => (await fetch(`/static/field/words/${name}.json`)).json();

export async function openWords() {
  language = LANGUAGES.includes(document.documentElement.lang) ? document.documentElement.lang : "en";
  [english, own] = await Promise.all([load("en"), load(language)]);
  await openForms();
}

export async function openForms() {
  forms = (await kept(`forms-${language}`)) ?? (await kept("forms-en")) ?? null;
  return forms;
}

export function chooseLanguage(name) {
  try { localStorage.setItem("field-language", name); } catch { /* it stays for this visit */ }
  document.documentElement.lang = name;
  document.documentElement.dir = name === "ar" ? "rtl" : "ltr";
}

// Words of a key; {name} is filled in, in Arabic each value is set apart so that its figures keep their order.
export function t(key, values = {}) {
  const words = own[key] ?? english[key] ?? key;
  const isRightToLeft = document.documentElement.dir === "rtl";
  return words.replace(/\{(\w+)\}/g, (_, name) => (isRightToLeft ? `\u2068${values[name] ?? ""}\u2069` : values[name] ?? ""));
}

export const comma = () => (language === "ar" ? "، " : ", ");
export const listed = (parts) => parts.filter(Boolean).join(comma());

export const allForms = () => forms?.forms ?? [];
export const wordsLongest = () => forms?.words_longest ?? 1000;
export const formOf = (code) => allForms().find((form) => form.code === code) ?? null;
export const titleOf = (code) => formOf(code)?.title ?? code;
export const answerWords = (question, code) => question.answers.find((answer) => answer.code === code)?.words ?? code;

// A hazard in the language of this phone, by the words that the forms have for its class.
export function hazardWords(hazard) {
  const known = formOf("explosive")?.questions.find((question) => question.code === "class")?.answers.find((answer) => answer.code === hazard.kind);
  return known ? t(hazard.state === "X" ? "hazard_confirmed" : "hazard_suspected", { what: known.words }) : hazard.text;
}

const answerOf = (form, question, code) => formOf(form)?.questions.find((one) => one.code === question)?.answers.find((answer) => answer.code === code)?.words ?? null;
const ownOr = (key, otherwise) => (own[key] ? t(key) : otherwise);

// A control or damage likewise; the text of an order is as the JOC wrote it.
export function restrictionWords({ kind, text, effect }) {
  if (kind === "order") return /^order:/i.test(text) && effect ? ownOr(`order_${effect}`, text) : text;
  const words = ownOr(`control_${kind}`, null) ?? answerOf("bridge", "damage", kind), minutes = /, (\d+) min$/.exec(text)?.[1];
  return words ? listed([words, minutes && t("minutes", { n: minutes })]) : text;
}

// Why a key route has its worst state: as the service says it in English, by its codes in other languages.
export function causeWords({ worst, worst_text }) {
  if (language === "en") return worst_text;
  const { component, what, km } = worst;
  if (what === "restricted") return t("km_cause", { km, cause: t("cause_restricted") });
  const words = {
    explosive: () => (what ? hazardWords({ kind: what, state: worst.state === "X" ? "X" : "R", text: null }) : null),
    physical: () => (what ? answerOf("bridge", "damage", what) : null) ?? t("cause_limit"),
    control: () => ownOr(`control_${what}`, null),
    risk: () => t("cause_risk"),
    verification: () => t(!what ? "cause_never" : worst.state === "C" ? "cause_ageing" : "cause_old"),
    manual: () => t("cause_manual"),
  }[component]?.();
  return words ? t("km_cause", { km, cause: words }) : worst_text;
}

// What the service refused in one answer, by its code or by what the question expects; else in its own words.
export function refusalWords({ field, came, expected, reason }, question) {
  const isWhole = field === `answers.${question?.code}`, own_words = t("refused_field", { came, expected });
  if (reason) return ownOr(`refused_reason_${reason}`, own_words);
  if (!question || language === "en") return own_words;
  if (isWhole && came === "nothing") return t("refused_unanswered");
  if (isWhole && expected.startsWith("a question of")) return t("refused_no_question");
  if (isWhole && question.low !== undefined) return t("bad_number", { came, low: question.low, high: question.high, unit: question.unit ?? "" });
  return ownOr(isWhole ? `refused_kind_${question.kind}` : "", own_words);
}

// What the service refused as a whole, by its code; else in its own words.
export const problemWords = ({ status, code, detail }) => ownOr(`problem_${code}`, detail ?? code ?? String(status));

// How long, in the largest unit that fits.
export function duration(ms) {
  const minutes = Math.max(0, Math.round(ms / 60000));
  if (minutes < 60) return t("minutes", { n: minutes });
  if (minutes < 72 * 60) return t("hours", { n: Math.round(minutes / 60) });
  return t("days", { n: Math.round(minutes / 1440) });
}

// The same for large letters: hours and minutes under two days.
export function longDuration(ms) {
  const minutes = Math.max(0, Math.round(ms / 60000));
  if (minutes < 60 || minutes >= 48 * 60) return duration(ms);
  return t("hours_minutes", { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") });
}

export function metres(value) {
  if (value < 1000) return t("metres", { n: value < 100 ? Math.round(value) : Math.round(value / 10) * 10 });
  return t("kilometres", { n: (value / 1000).toFixed(value < 10000 ? 1 : 0) });
}

export const kilometres = (km) => t("kilometres", { n: Number(km.toFixed(1)) });

const STATES = { O: "open", C: "caution", "?": "unknown", R: "restricted", X: "closed" };
export const stateWord = (letter) => t(`state_${STATES[letter] ?? "unknown"}`);
