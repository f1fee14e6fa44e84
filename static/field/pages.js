// The tabs of the app: report home, outbox, one sent report, and what belongs to this phone.
import { areaWords, roadsWords } from "./area.js";
import { ageOf, dateTimeGroup, dayHour, hour } from "./clock.js";
import { LANGUAGES, bus, link, refreshAll, refreshSession } from "./contact.js";
import { gps, here, turnOff, turnOn } from "./gps.js";
import { beginDetails, beginForm, isDetails, problemsOf } from "./forms.js";
import { movementCard, movementsOf, onWay } from "./movements.js";
import { answer, discard, hurry, list, open, pause, putOnTop, saveDraft, takeBack, waitingOf } from "./outbox.js";
import { readBundle } from "./picture.js";
import { whereAmI } from "./place.js";
import { twoForms } from "./position.js";
import { forgetEverything, kept } from "./store.js";
import { length, record, stop, trip } from "./track.js";
import { button, confirmStep, el, fill, go, ltr, readBack, symbol, warningBand } from "./ui.js";
import { allForms, chooseLanguage, comma, duration, formOf, listed, metres, openWords, problemWords, t, titleOf } from "./words.js";
import { wayWords } from "./way.js";

const BIG = ["explosive", "restriction", "bridge", "incident"];

export async function renderHome(view) {
  const forms = allForms();
  if (!forms.length) {
    fill(view, el("div", { class: "pad" }, el("h1", {}, t("what_happened")), el("p", { class: "empty" }, t(link.isSignedOut ? "first_sign_in" : link.state === "none" ? "first_needs_link" : "loading")), link.isSignedOut ? el("a", { class: "button main", href: "/login?next=/field" }, t("sign_in")) : null));
    return { forms: () => renderHome(view), link: () => renderHome(view) };
  }
  const place = el("div"), trackLine = el("span"), trackButton = el("div"), near = el("div"), later = el("div");
  const start = async (code) => { const item = await beginForm(code); await saveDraft(item); go(`#form/${item.id}`); };
  const tile = (form, name) => el("button", { type: "button", class: name, dataset: { form: form.code }, onclick: () => start(form.code) }, symbol(form.sign, name === "tile main" ? 30 : 32), el("b", {}, form.title), form.code === "passage" ? trackLine : null);
  const of = (code) => forms.find((form) => form.code === code);
  const rest = forms.filter((form) => form.code !== "passage" && !BIG.includes(form.code));
  const drafts = (await list()).filter((item) => item.state === "draft");
  fill(view, el("div", { class: "pad home" }, el("h1", {}, t("what_happened")),
    drafts.length ? el("a", { class: "notice", href: linkOf(drafts[0]) }, t("draft_open", { form: titleOfItem(drafts[0]) })) : null, near,
    el("div", { class: "bigtiles" }, tile(of("passage"), "tile main"), ...BIG.map((code) => tile(of(code), "tile"))),
    el("div", { class: "more" }, ...rest.map((form) => button(form.title, () => start(form.code), { dataset: { form: form.code } }))),
    trackButton, later, place));
  const movements = async () => {
    if (near.querySelector("[data-check-in]:disabled")) return; // the receiver is being asked
    const bundle = await readBundle(), found = await movementsOf(bundle), card = (one) => movementCard(one, bundle);
    fill(near, ...found.near.map(card));
    fill(later, found.later.length ? el("h2", { class: "overline" }, t("movements_later")) : null, ...found.later.map(card));
  };
  const update = async () => {
    trackLine.textContent = trip.points.length > 1 ? t("sends_track", { m: metres(length()), moment: hour(trip.since) }) : t(trip.isOn ? "track_begins" : "without_track");
    fill(trackButton, trip.isOn ? el("div", { class: "tracking" }, el("span", {}, t("recording")), button(t("stop_track"), stop)) : el("div", { class: "tracking" }, el("span", {}, t("record_help")), button(t("record_track"), record)));
    const fix = here(), bundle = await readBundle();
    if (fix) fill(place, readBack(twoForms(...fix.at).slice(0, 1), whereAmI(bundle, fix), t("you_are_here", { m: metres(fix.accuracy) })));
    else fill(place, gps.isOn ? el("p", { class: "help" }, t(gps.trouble ? `gps_${gps.trouble}` : "gps_asking")) : button(t("show_me"), turnOn, { class: "wide" }));
  };
  await movements();
  await update();
  return { gps: update, track: update, outbox: movements, bundle: async () => { await movements(); await update(); } };
}

const linkOf = (item) => (item.state !== "draft" ? `#sent/${item.id}` : `${item.movement ? "#checkin" : "#form"}/${item.id}`);
const titleOfItem = (item) => (item.movement ? t("check_in_of", { code: item.movement.code }) : item.question ? t("an_answer") : isDetails(item) ? t("details_of", { form: titleOf(item.form) }) : titleOf(item.form));
const about = (item) => {
  if (item.question) return item.words;
  const { way, place } = item.answers;
  if (way) return wayWords(way.track && item.km ? { parts: [{ km: item.km }] } : way);
  if (place) return place.lon === undefined || ["name", "km"].includes(place.source) ? place.text : twoForms(place.lon, place.lat)[0];
  return "";
};
const size = (item) => (item.body ? t("kilobytes", { n: Math.max(1, Math.round(item.body.length / 1000)) }) : "");

function stateWords(item, session) {
  if (item.state === "accepted") return [numberOf(item), t("received_at", { moment: hour(item.accepted) })].filter(Boolean).join(" · ");
  if (item.state === "needs") return needsWords(item);
  if (item.state === "draft") return t("draft_kept");
  if (item.person && session && item.person !== session.person) return t("waits_for_person", { person: item.person });
  if (item.state === "sent") return t("sent_no_answer");
  if (link.isSignedOut) return t("sign_in_to_send");
  const wait = Math.max(pause.until, item.next ?? 0) - Date.now();
  if (item.tries && wait > 0) return t("tried_next", { n: item.tries, wait: seconds(wait) });
  return item.tries ? t("tried", { n: item.tries }) : t("waits");
}

export const numberOf = (item) => (item.result?.version ? `R-${item.result.report_id.slice(0, 8).toUpperCase()}${item.result.version > 1 ? `/${item.result.version}` : ""}` : "");
export const seconds = (ms) => (ms < 90000 ? t("seconds", { n: Math.max(1, Math.round(ms / 1000)) }) : duration(ms));

function needsWords(item) {
  const { status, current } = item.problem ?? {};
  if (status === 409 && current) return t("changed_there", { version: current });
  if (status === 409) return t(item.movement ? "check_in_twice" : "two_bodies");
  if (status === 403) return t("may_not_send");
  if (status === 404) return t(item.movement ? "movement_gone" : "report_gone");
  if (status === 413) return t("too_large");
  const fields = [...problemsOf(item).keys()].filter(Boolean).map((name) => formOf(item.form)?.questions.find((question) => question.code === name)?.words ?? name);
  return fields.length ? t("refused_fields", { fields: listed(fields) }) : problemWords(item.problem ?? {});
}

export async function renderOutbox(view) {
  const update = async () => {
    const items = await list(), session = await kept("session"), questions = (await kept("questions")) ?? [];
    const of = (...states) => items.filter((item) => states.includes(item.state));
    const row = (item) => el("li", { dataset: { state: item.state, item: item.id } }, el("a", { href: linkOf(item) }, el("i", { class: `mark ${item.state}`, "aria-hidden": "true" }), el("div", {}, el("b", {}, titleOfItem(item), about(item) ? comma() : "", about(item) ? el("bdi", {}, about(item)) : null), el("span", {}, [stateWords(item, session), item.state === "waiting" || item.state === "sent" ? size(item) : ""].filter(Boolean).join(" · "))), el("em", {}, item.state === "accepted" ? ltr(hour(item.accepted)) : duration(Date.now() - (item.queued ?? item.created)))));
    const part = (words, found) => (found.length ? [el("h2", { class: "overline" }, words), el("ul", { class: "outbox" }, ...found)] : []);
    const waits = waitingOf(items);
    fill(view, el("div", { class: "pad" }, el("h1", {}, t("tab_outbox")),
      link.isSignedOut && waits.length ? signIn() : null,
      ...part(t("needs_you"), [...of("needs").map(row), ...questions.filter((question) => !items.some((item) => item.question?.id === question.id)).map(questionRow)]),
      ...part(t("on_their_way"), waits.sort((a, b) => a.sequence - b.sequence).map(row)),
      ...part(t("drafts"), of("draft").map(row)),
      ...part(t("received_by_joc"), of("accepted").map(row)),
      items.length ? null : el("p", { class: "empty" }, t("outbox_empty")),
      el("p", { class: "help" }, t("nothing_lost"))));
  };
  await update();
  const timer = setInterval(update, 5000);
  return { outbox: update, link: update, session: update, questions: update, stop: () => clearInterval(timer) };
}

const signIn = () => el("div", { class: "notice" }, el("span", {}, t("sign_in_to_send")), el("a", { class: "button main", href: "/login?next=/field" }, t("sign_in")));

const questionRow = (question) => el("li", { dataset: { state: "needs", question: question.id } }, el("a", { href: `#question/${question.id}` }, el("i", { class: "mark needs", "aria-hidden": "true" }), el("div", {}, el("b", {}, `${t("joc_asks")}: ${titleOf(question.form)}`), el("span", {}, question.text)), el("em", {}, duration(ageOf(question.asked_at).ms))));

// A question of the JOC and the answer to it, which waits in the outbox like any report.
export async function renderQuestion(view, id) {
  const question = ((await kept("questions")) ?? []).find((one) => one.id === id);
  if (!question) { go("#outbox"); return {}; }
  const words = el("textarea", { rows: "4", maxlength: 2000, id: "answer" });
  const send = button(t("send"), async () => { if (!words.value.trim()) return words.focus(); send.disabled = true; const item = await answer(question, words.value.trim()); go(`#sent/${item.id}`); }, { class: "main wide" });
  fill(view, el("div", { class: "pad" }, el("p", { class: "overline" }, `${t("about_your_report")} · ${titleOf(question.form)}`), el("h1", {}, question.text), el("p", { class: "muted" }, ltr(dateTimeGroup(Date.parse(question.asked_at)))), el("div", { class: "field" }, el("label", { for: "answer" }, t("your_answer")), words, el("p", { class: "help" }, t("no_names"))), send));
  return {};
}

// A report with its state, whatever that is; opened after sending and from the outbox.
export async function renderSent(view, id) {
  const update = async () => {
    const item = await open(id), session = await kept("session"), bundle = await readBundle();
    if (!item) { fill(view, el("div", { class: "pad" }, el("p", { class: "empty" }, t("not_here")))); return; }
    const form = formOf(item.form), heading = { accepted: "joc_has_it", needs: "needs_you", sent: "on_its_way", waiting: "waits_here", draft: "draft_kept" }[item.state];
    const slot = el("div", { dataset: { photos: "", report: item.report, form: item.form, item: item.id } });
    fill(view, ...[form?.warning ? warningBand(form.warning) : null, el("div", { class: "pad sent", dataset: { sent: item.state } },
      el("p", { class: "overline" }, titleOfItem(item)), el("h1", {}, t(heading)), el("p", {}, stateWords(item, session)),
      item.state === "accepted" ? el("p", {}, item.question ? "" : item.movement ? t("check_in_taken") : t(item.result.triage === "no_place" ? "accepted_no_place" : "accepted_told")) : item.state === "waiting" || item.state === "sent" ? el("p", { class: "muted" }, t("stays_until")) : null,
      item.movement ? el("p", {}, [dayHour(item.at), onWay(bundle, item)].filter(Boolean).join(" · ")) : null,
      item.movement && item.answers.place?.lon !== undefined ? readBack(twoForms(item.answers.place.lon, item.answers.place.lat), item.answers.place.accuracy_m ? `± ${metres(item.answers.place.accuracy_m)}` : null, t("you_said")) : null,
      item.result?.report_id ? el("p", { class: "mono small" }, ltr(item.result.report_id)) : null,
      ...[...problemsOf(item)].map(([code, words]) => el("p", { class: "error" }, `${form?.questions.find((question) => question.code === code)?.words ?? ""} ${words.join(" ")}`.trim())),
      link.isSignedOut && (item.state === "waiting" || item.state === "sent") ? signIn() : null,
      slot,
      el("div", { class: "stack" },
        item.state === "needs" && item.problem?.current ? button(t("put_on_top"), async () => { await putOnTop(id); go("#outbox"); }, { class: "main wide" }) : null,
        item.state === "needs" && item.problem?.status === 422 ? button(t("correct"), async () => { const draft = await takeBack(id); draft.step = 99; await saveDraft(draft); go(linkOf(draft)); }, { class: "main wide" }) : null,
        item.state === "waiting" && !item.tries && !item.question ? button(t("change"), async () => go(linkOf(await takeBack(id))), { class: "wide" }) : null,
        !item.question && item.state !== "draft" && item.state !== "needs" && form?.questions.some((question) => !question.is_flash) ? button(t("add_details"), async () => { const draft = await beginDetails(id); await saveDraft(draft); go(`#form/${draft.id}`); }, { class: "wide" }) : null,
        item.state === "needs" ? button(t("remove_item"), () => confirmStep(t("remove_ask"), t("remove_item"), async () => { await discard(id); go("#outbox"); }), { class: "wide" }) : null,
        el("a", { class: "button wide", href: "#report" }, t(item.movement ? "to_reports" : "another_report"))))].filter(Boolean));
    if (!item.movement) document.dispatchEvent(new CustomEvent("photoslot", { detail: { slot, report: item.report, item: item.id, form: item.form } }));
  };
  await update();
  const state = async () => (await open(id))?.state;
  let was = await state();
  return { outbox: async () => { const is = await state(); if (is !== was || is !== "accepted") { was = is; await update(); } }, link: update };
}

export async function renderMe(view, { version, update }) {
  const session = await kept("session"), bundle = await readBundle(), items = await list();
  const { about } = await areaWords(bundle), roads = await roadsWords(bundle);
  const unsent = items.filter((item) => item.state !== "accepted").length;
  const theme = document.documentElement.dataset.theme;
  const pick = (words, options, chosen, onpick) => el("fieldset", { class: "field" }, el("legend", {}, words), el("div", { class: "threes" }, ...options.map(([code, name]) => button(name, () => onpick(code), { "aria-pressed": String(code === chosen) }))));
  const signOut = async () => {
    const known = (await refreshSession().catch(() => null)) ?? session;
    await fetch("/logout", { method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": known?.csrf ?? "" } }).catch(() => null);
    await refreshSession().catch(() => null);
    await renderMe(view, { version, update });
  };
  fill(view, el("div", { class: "pad" }, el("h1", {}, t("tab_me")),
    el("div", { class: "sheet pad" }, session && !link.isSignedOut ? el("p", {}, el("b", {}, session.name), el("br"), el("span", { class: "muted" }, [session.unit, session.mission].filter(Boolean).join(" · "))) : el("p", {}, t("nobody_signed_in")), session && !link.isSignedOut ? button(t("sign_out"), signOut) : el("a", { class: "button main", href: "/login?next=/field" }, t("sign_in")), el("p", { class: "help" }, t("session_told"))),
    pick(t("language"), [["en", "English"], ["fr", "Français"], ["ar", "العربية"]].filter(([code]) => LANGUAGES.includes(code)), document.documentElement.lang, async (code) => { chooseLanguage(code); await openWords(); refreshAll(code); bus.dispatchEvent(new CustomEvent("language")); }),
    pick(t("appearance"), [["dark", t("theme_dark")], ["light", t("theme_light")], ["night", t("theme_night")]], theme, (code) => { document.cookie = `theme=${code};path=/;max-age=31536000;samesite=lax`; document.documentElement.dataset.theme = code; renderMe(view, { version, update }); }),
    el("div", { class: "sheet pad" }, el("h2", {}, t("carried")), el("p", {}, bundle ? t("carried_told", { moment: dayHour(Date.parse(bundle.as_of)), routes: bundle.routes.length, hazards: bundle.hazards.length, places: bundle.places.length }) : t("no_picture")), about ? el("p", {}, about) : null, roads ? el("p", {}, roads) : null, bundle ? el("a", { class: "button", href: "#area" }, t("area_change")) : null, button(t("fetch_now"), () => { hurry(); refreshAll(document.documentElement.lang); })),
    el("div", { class: "sheet pad" }, el("h2", {}, t("position_on_phone")), el("p", {}, t(gps.isOn ? "gps_is_on" : "gps_is_off")), gps.isOn ? button(t("gps_off"), () => { turnOff(); renderMe(view, { version, update }); }) : button(t("show_me"), () => { turnOn(); renderMe(view, { version, update }); })),
    el("div", { class: "sheet pad" }, el("h2", {}, t("this_app")), el("p", { class: "muted" }, t("version_told", { version: version ?? "–" })), update ? button(t("take_update"), update, { class: "main" }) : null, el("p", { class: "ways" }, el("a", { href: "/report" }, t("without_scripts")), el("a", { href: "/" }, t("all_pages")))),
    el("div", { class: "sheet pad" }, el("h2", {}, t("forget")), el("p", {}, unsent ? t("forget_unsent", { n: unsent }) : t("forget_told")), button(t("forget"), () => confirmStep(unsent ? t("forget_ask_unsent", { n: unsent }) : t("forget_ask"), t("forget"), async () => { await forgetEverything(); location.reload(); })))));
  return { session: () => null };
}

