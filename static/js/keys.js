// Keys by what is printed on them in Latin, whatever the layout: an Arabic keyboard gives its own letters, a French one
// gives figures with Shift only.

// Returns the key, a letter in lower case.
export function keyOf(event) {
  if (event.key === "؟") return "?";
  const letter = event.key > "~" && /^Key([A-Z])$/.exec(event.code)?.[1]; // one Arabic key writes two letters
  if (letter) return letter.toLowerCase();
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

// Returns the figure of a key, null of others.
export function figureOf(event) {
  return /^[0-9]$/.test(event.key) ? event.key : /^Digit(\d)$/.exec(event.code)?.[1] ?? null;
}
