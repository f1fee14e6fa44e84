// What the panel says of consent in an area: share, by whom movement was hindered, and the latest cases by number.
import { dateTimeGroup, element, plain } from "../words.js";

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const percent = (share) => Math.round(100 * share);

// Lists within a map feature come as JSON text.
const listed = (value) => (typeof value === "string" ? JSON.parse(value) : (value ?? []));

export function consentSections(said, close) {
  const known = said.attempted > 0;
  const share = known
    ? `${said.unimpeded} of ${said.attempted} movements were left unimpeded: ${percent(said.unimpeded / said.attempted)} %, between ${percent(said.lower)} and ${percent(said.upper)} % (95 %).`
    : "Nothing was attempted here, so nothing is known of consent.";
  const by = listed(said.by);
  const cases = listed(said.cases);
  const head = element("section", {}, element("div", { class: "panel-top" }, element("span", {}, `Consent, last ${said.weeks} weeks`), element("span", { class: "spring" }), close), element("h2", {}, said.label), element("p", {}, share));
  const parties = element("section", {}, element("h3", {}, "Hindered by"), by.length
    ? element("dl", { class: "facts" }, ...by.flatMap(({ party, count }) => [element("dt", {}, capital(plain(party))), element("dd", {}, String(count))]))
    : element("p", { class: "muted" }, "No restriction by anybody is in the register here."));
  const rows = cases.map((one) => element("li", {}, element("a", { href: `/restrictions/cases/${encodeURIComponent(one.id)}`, class: "mono" }, one.id.slice(0, 8)), ` ${capital(plain(one.category))}, ${plain(one.party)}, ${dateTimeGroup(Date.parse(one.at))}${one.protest_no ? `, ${one.protest_no}` : ""}`));
  const list = element("section", {}, element("h3", {}, `Latest cases, ${said.open} of ${said.restrictions} not resolved`), cases.length
    ? element("ul", { class: "case-lines" }, ...rows)
    : element("p", { class: "muted" }, "None."),
    element("p", {}, element("a", { href: `/restrictions?state=all&admin_unit=${encodeURIComponent(said.id)}` }, "All cases of this area")),
    element("p", { class: "muted small" }, "Made of the cases and movements that your account may see."));
  return [head, parties, list];
}
