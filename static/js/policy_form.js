// The policy form ([data-policy-form]): marks rows ([data-policy-row]) whose value differs from the one in force
// ([data-now]) and counts them ([data-policy-count]). The server decides; this only shows.
const form = document.querySelector("[data-policy-form]");
const count = form.querySelector("[data-policy-count]");
const rows = [...form.querySelectorAll("[data-policy-row]")];

function show() {
  let changed = 0;
  for (const row of rows) {
    const field = row.querySelector("[data-now]");
    const differs = field.value.trim() !== field.dataset.now;
    row.classList.toggle("is-changed", differs);
    changed += differs;
  }
  count.textContent = changed === 1 ? "1 value differs" : `${changed} values differ`;
}

form.addEventListener("input", show);
show();
