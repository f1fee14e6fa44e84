// Movements as they stand now ([data-live-page]): listens to the stream of the picture and takes the page anew when
// something moved, at most every few seconds and once a minute in any case. Only parts marked [data-live="name"] are
// exchanged; a part in which somebody is typing stays. Two minutes without an answer: the page says that it is stale.
const root = document.querySelector("[data-live-page]");
const mark = document.querySelector("[data-feed-mark]");
const stale = root.querySelector("[data-stale]");
const SOON_MS = 2500, MINUTE_MS = 60_000, STALE_MS = 120_000;
let last = Date.now(), waiting = null;

async function renew() {
  waiting = null;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of root.querySelectorAll("[data-live]")) {
      const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
      if (fresh && !part.contains(document.activeElement)) part.replaceWith(document.importNode(fresh, true));
    }
    last = Date.now();
  } catch { /* the next round tries again; the age says how old the page is */ }
  tell();
}

function tell() {
  const isLate = Date.now() - last > STALE_MS;
  stale.hidden = !isLate;
  if (!mark) return;
  mark.hidden = false;
  mark.dataset.feed = isLate ? "lost" : "live";
  mark.firstElementChild.textContent = isLate ? "Stale" : "Live";
}

const soon = () => { waiting ??= setTimeout(renew, SOON_MS); };
const stream = new EventSource(`/api/v1/stream?${new URLSearchParams({ profile: root.dataset.profile, user_class: root.dataset.userClass })}`);
for (const name of ["moves", "record", "network"]) stream.addEventListener(name, soon);
addEventListener("pagehide", () => stream.close());
setInterval(() => { tell(); if (Date.now() - last > MINUTE_MS) soon(); }, 5000);
tell();
root.dataset.ready = "true";
