// Before the first paint: the theme and the language that were chosen on this phone.
(() => {
  const root = document.documentElement;
  const theme = /(?:^|; )theme=(dark|light|night)/.exec(document.cookie);
  if (theme) root.dataset.theme = theme[1];
  let language = null;
  try { language = localStorage.getItem("field-language"); } catch { /* storage refused: the default stays */ }
  language ??= (navigator.languages ?? ["en"]).map((name) => name.slice(0, 2)).find((name) => ["en", "fr", "ar"].includes(name)) ?? "en";
  root.lang = language;
  root.dir = language === "ar" ? "rtl" : "ltr";
})();
