// Every page. Theme buttons ([data-themes], a plain form without scripts), menus that close, the running clock ([data-clock]),
// how many alerts wait ([data-alert-count]).
import { dateTimeGroup } from "./words.js";

const YEAR_S = 31536000;

for (const form of document.querySelectorAll("[data-themes]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const theme = event.submitter?.value ?? "dark";
    document.cookie = `theme=${theme};path=/;max-age=${YEAR_S};samesite=lax`;
    document.documentElement.dataset.theme = theme;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === theme));
    document.dispatchEvent(new CustomEvent("themechange", { detail: theme }));
  });
}

const menus = () => document.querySelectorAll("details.account[open], details.menu[open], details.more-tabs[open]");
addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of menus()) menu.open = false;
});

// Pages without a feed show when they were made and let the clock run on beside it; the map page keeps its own clock.
if (!document.querySelector("[data-live-map]")) {
  const clock = document.querySelector("[data-dtg]");
  if (clock) setInterval(() => { clock.textContent = dateTimeGroup(Date.now()); }, 5000);
}

// A page may stay open for a watch: the count is asked for again every minute while somebody looks.
const waiting = document.querySelector("[data-alert-count]");
if (waiting) {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch("/api/v1/alerts/count").catch(() => null);
    if (!answer?.ok) return;
    const { unread } = await answer.json();
    waiting.textContent = String(unread);
    waiting.hidden = unread === 0;
  }, 60000);
}
