// A job that is being computed ([data-job] = its address): asks how far it is, and loads the page again when it is done.
// Without scripts the page loads itself again every few seconds.
const box = document.querySelector("[data-job]");
const PAUSE_MS = 1000;

async function follow() {
  const answer = await fetch(box.dataset.job).catch(() => null);
  if (answer?.status === 202) {
    const { state, done, parts } = await answer.json();
    box.querySelector("[data-words]").textContent = state === "waiting" ? "waiting for others to end" : `${done} of ${parts || "?"} parts done`;
    Object.assign(box.querySelector("progress"), { max: parts || 1, value: done });
    setTimeout(follow, PAUSE_MS);
  } else if (answer) {
    location.reload();
  } else {
    setTimeout(follow, 5 * PAUSE_MS);
  }
}

if (box) setTimeout(follow, PAUSE_MS);
