// Map images from the one drawing sheet (static/symbols.svg): token names become the theme's colours, then pixels.
// Also the letter discs and the plates of key routes, which are drawn here.
const RATIO = 2;

export function tokens() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

let sheet = null;
async function symbolSheet(url) {
  sheet ??= new DOMParser().parseFromString(await (await fetch(url)).text(), "image/svg+xml");
  return sheet;
}

async function rasterise(symbol, size, token) {
  const [, , width, height] = symbol.getAttribute("viewBox").split(" ").map(Number);
  const body = symbol.innerHTML.replaceAll(/var\(--([\w-]+)\)/g, (_, name) => token(name)).replaceAll("currentColor", token("ink"));
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${size * RATIO}" height="${size * RATIO}" viewBox="0 0 ${width} ${height}">${body}</svg>`;
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image(size * RATIO, size * RATIO);
    image.src = url;
    await image.decode();
    return draw(size, size, (context) => context.drawImage(image, 0, 0, size, size));
  } finally {
    URL.revokeObjectURL(url);
  }
}

function draw(width, height, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * RATIO);
  canvas.height = Math.ceil(height * RATIO);
  const context = canvas.getContext("2d");
  context.scale(RATIO, RATIO);
  paint(context);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

function put(map, name, image) {
  if (map.hasImage(name)) map.removeImage(name);
  map.addImage(name, image, { pixelRatio: RATIO });
}

function paintState(context, style, token, x, y, size, isDisc) {
  const prefix = style.token;
  context.beginPath();
  if (isDisc || prefix === "u") context.arc(x + size / 2, y + size / 2, size / 2 - 0.75, 0, 7);
  else context.roundRect(x + 0.75, y + 0.75, size - 1.5, size - 1.5, 3);
  context.fillStyle = prefix === "u" ? token("s-1") : token(prefix);
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = prefix === "u" ? token("u") : prefix === "x" ? token("x-out") : isDisc ? token("m-halo") : token(prefix);
  context.stroke();
  context.fillStyle = prefix === "u" ? token("u-t") : token(`${prefix}-on`);
  context.font = `600 ${size * 0.66}px "IBM Plex Sans Condensed", sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(style.letter, x + size / 2, y + size / 2 + 0.6);
}

export async function addImages(map, url, states) {
  await document.fonts.load('600 12px "IBM Plex Sans Condensed"').catch(() => {});
  const token = tokens();
  const found = (await symbolSheet(url)).querySelectorAll("symbol");
  await Promise.all([...found].map(async (symbol) => put(map, symbol.id, await rasterise(symbol, 22, token))));
  states.forEach((style, number) => put(map, `letter-${number}`, draw(14, 14, (c) => paintState(c, style, token, 0, 0, 14, true))));
  put(map, "capital", draw(14, 14, (context) => {
    context.fillStyle = token("m-label");
    context.strokeStyle = token("m-halo");
    context.lineWidth = 1.5;
    context.fillRect(2, 2, 10, 10);
    context.strokeRect(1.5, 1.5, 11, 11);
  }));
  put(map, "cross", draw(12, 12, (context) => {
    context.strokeStyle = token("x-edge");
    context.lineWidth = 1.7;
    context.beginPath();
    context.moveTo(1, 2); context.lineTo(11, 10); context.moveTo(11, 2); context.lineTo(1, 10);
    context.stroke();
  }));
}

// Plates are drawn when the map first asks for one: `plate:MSR HERON:R`.
export function addPlate(map, name, states) {
  const [, code, letter] = name.split(":");
  const style = states.find((state) => state.letter === letter) ?? states[2];
  const token = tokens();
  const font = '600 11.5px "IBM Plex Sans Condensed", sans-serif';
  const measure = document.createElement("canvas").getContext("2d");
  measure.font = font;
  const width = 17 + 12 + Math.ceil(measure.measureText(code).width);
  put(map, name, draw(width, 18, (context) => {
    context.beginPath();
    context.roundRect(0.5, 0.5, width - 1, 17, 3.5);
    context.fillStyle = token("s-1");
    context.fill();
    context.strokeStyle = token("line-2");
    context.stroke();
    paintState(context, style, token, 1.5, 1.5, 15, false);
    context.fillStyle = token("ink");
    context.font = font;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(code, 22, 9.8);
  }));
}
