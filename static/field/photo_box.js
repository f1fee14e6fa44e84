// Photos of reports: added on the review or the sent page ([data-photos]), kept on the phone, sent once the JOC has the
// report, from where they stopped last. A refused one says why and stays until it is taken away.
import { bus, link, refreshSession } from "./contact.js";
import { addPhoto, sendParts } from "./photos.js";
import { all, change, get, kept, put, remove } from "./store.js";
import { button, el, fill } from "./ui.js";
import { language, listed, t } from "./words.js";

const AGAIN_MS = 60000, MOST = 12;
const slots = new Set(); // [data-photos] nodes on the page
let sending = null;

export function openPhotos() {
  document.addEventListener("photoslot", ({ detail }) => { slots.add(detail); draw(detail); });
  document.addEventListener("reportaccepted", sendAll);
  bus.addEventListener("session", sendAll);
  addEventListener("online", sendAll);
  setInterval(sendAll, AGAIN_MS);
  sendAll();
}

const of = async (report) => (await all("photos")).filter((photo) => photo.report === report);

function words({ state, share, refusal }) {
  if (state === "kept") return t("photo_kept");
  if (state === "refused") return language === "en" ? refusal : t("photo_refused");
  return share ? t("photo_share", { n: Math.round(100 * share) }) : t("photo_waits");
}

async function draw(detail, problem = "") {
  if (detail.wasDrawn && !detail.slot.isConnected) return slots.delete(detail);
  detail.wasDrawn = true;
  const photos = await of(detail.report);
  for (const address of detail.addresses ?? []) URL.revokeObjectURL(address);
  detail.addresses = photos.map((photo) => URL.createObjectURL(photo.small));
  const rows = photos.map((photo, index) => el("li", { dataset: { photo: photo.state } },
    el("img", { src: detail.addresses[index], alt: t("photo_n", { n: index + 1 }), width: 72 }),
    el("span", {}, `${listed([t("photo_n", { n: index + 1 }), t("kilobytes", { n: Math.round(photo.blob.size / 1024) })])}: ${words(photo)}`),
    photo.state === "kept" ? null : button(t("discard"), async () => { await remove("photos", photo.id); redraw(); }, { class: "plain" })));
  const input = el("input", { type: "file", accept: "image/*", capture: "environment", class: "visually-hidden", onchange: () => take(detail, input.files[0]) });
  fill(detail.slot, el("h2", { class: "overline" }, t("photos")), el("ul", { class: "photo-list" }, ...rows),
    problem ? el("p", { class: "error", role: "alert" }, problem) : null,
    photos.length < MOST ? el("label", { class: "button photo-add" }, t("photo_add"), input) : null,
    el("p", { class: "help" }, t("photo_help")));
}

const redraw = () => { for (const detail of slots) draw(detail); };

async function take(detail, file) {
  if (!file) return;
  try {
    const photo = await addPhoto(file);
    await put("photos", { id: crypto.randomUUID(), report: detail.report, blob: photo.blob, small: photo.small, state: "waiting", share: 0, at: Date.now() });
  } catch (problem) {
    return draw(detail, problem.code ? t(problem.code) : problem.message);
  }
  redraw();
  sendAll();
}

// One at a time and in one window; a photo of a report that the JOC does not have yet waits with it.
function sendAll() {
  sending ??= (navigator.locks ? navigator.locks.request("fom-photos", { ifAvailable: true }, (lock) => (lock ? sendEach() : null)) : sendEach())
    .catch((problem) => console.warn("photos", problem))
    .finally(() => { sending = null; });
  return sending;
}

async function sendEach() {
  const waiting = (await all("photos")).filter((photo) => photo.state === "waiting").sort((a, b) => a.at - b.at);
  if (!waiting.length || navigator.onLine === false || link.isSignedOut) return;
  const items = await all("items"), session = await kept("session");
  for (const photo of waiting) {
    const report = items.find((item) => item.report === photo.report && item.state === "accepted" && item.result?.version);
    if (!report || (report.person && report.person !== session?.person)) continue;
    await sendOne(photo, session);
  }
}

async function sendOne(photo, session) {
  const note = async (edit) => { await change(photo.id, (kept) => Object.assign(kept, edit), "photos"); redraw(); };
  try {
    await sendParts(photo.report, photo, { headers: { "X-CSRFToken": session?.csrf ?? "" }, onProgress: (share) => note({ share }) });
    await note({ state: "kept", share: 1 });
  } catch (problem) {
    if (problem.isFinal && (await get("photos", photo.id))) await note({ state: "refused", refusal: problem.message });
    else await refreshSession().catch(() => null); // a stale token, or no link: again later
  }
}
