// Photos on the device: shrunk before they are kept, stripped of everything but the picture, sent in parts.
// Drawing on a canvas loses all that a camera noted, the place too; the server makes the picture anew once more.
export const LONGEST_PX = 1600;
export const SMALL_BYTES = 48_000;
export const PART_BYTES = 256 * 1024;
const KINDS = /^image\/(jpeg|png|webp|heic|heif)$/;

// Returns {blob, small, width, height}: at most 1600 px on the longer side, and a copy of at most 48 kB for a weak link.
export async function addPhoto(file) {
  if (!KINDS.test(file.type)) throw refusal("This is no photo: take a picture, or choose a JPEG, PNG or WebP.", true, "photo_none");
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw refusal("This photo cannot be read on this device.", true, "photo_unreadable");
  }
  try {
    const { canvas, blob } = await shrunk(picture, LONGEST_PX, [0.82, 0.7]);
    return { blob, small: await smallCopy(picture), width: canvas.width, height: canvas.height };
  } finally {
    picture.close();
  }
}

// Sends a photo {id, blob} of a report from where it stopped last; onProgress(share). Returns the server's account of it.
// Rejects with an error whose `isFinal` says whether trying again can help; a lost link is never final.
export async function sendParts(reportId, { id, blob }, { base = "/api/v1", headers = {}, onProgress = () => {}, signal } = {}) {
  const bytes = await blob.arrayBuffer();
  const announced = { id, size: blob.size, sha256: await hexDigest(bytes), type: blob.type };
  let row = await ask(`${base}/reports/${reportId}/evidence`, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(announced), signal });
  let restarts = 0;
  while (row.state === "partial") {
    const first = row.received_bytes, last = Math.min(first + PART_BYTES, blob.size) - 1;
    try {
      row = await ask(`${base}/evidence/${id}`, {
        method: "PUT", signal, body: bytes.slice(first, last + 1),
        headers: { ...headers, "Content-Type": "application/octet-stream", "Content-Range": `bytes ${first}-${last}/${blob.size}` },
      });
    } catch (error) {
      if (error.goOnAt === undefined || ++restarts > 3) throw error;
      row = { state: "partial", received_bytes: error.goOnAt };
    }
    onProgress(row.received_bytes / blob.size);
  }
  if (row.state === "refused") throw refusal(row.refusal, true);
  return row;
}

async function ask(url, options) {
  const answer = await fetch(url, options);
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const goOnAt = body.details?.received_bytes;
  const words = body.errors?.[0] ? `${body.errors[0].came}; expected ${body.errors[0].expected}` : body.detail;
  const isFinal = [403, 404, 413, 415, 422].includes(answer.status) || (answer.status === 409 && goOnAt === undefined);
  throw Object.assign(refusal(words || `The server answered ${answer.status}.`, isFinal), { goOnAt });
}

// `code` names the words of the app for what is refused on the device.
function refusal(words, isFinal, code = null) {
  return Object.assign(new Error(words), { isFinal, code });
}

async function hexDigest(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function smallCopy(picture) {
  for (const longest of [640, 480, 320, 200]) {
    const { blob } = await shrunk(picture, longest, [0.7, 0.5, 0.35], SMALL_BYTES);
    if (blob.size <= SMALL_BYTES) return blob;
  }
  throw refusal("This photo cannot be made small enough.", true, "photo_stays_large");
}

// Draws a picture no longer than `longest`; tries the qualities until the result has at most `bytes`.
async function shrunk(picture, longest, qualities, bytes = Infinity) {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  let blob;
  for (const quality of qualities) {
    blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob === null) throw refusal("This device cannot make the photo smaller.", true, "photo_stays_large");
    if (blob.size <= bytes) break;
  }
  return { canvas, blob };
}
