// The field app's service worker: keeps exactly one version of the app's files, and answers with them first.
// Data is not its business: what the API says is kept by the app itself and is never answered from a cache.
const VERSION = {{ version | tojson }};
const PAGE = {{ page | tojson }};
const FILES = {{ files | tojson }};
const CACHE = `field-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    // one missing file fails the whole: half a version never becomes the app
    await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload", credentials: "same-origin" })));
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("field-") && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
  if (event.data === "version") event.ports[0]?.postMessage(VERSION);
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const isPage = request.mode === "navigate" && (url.pathname === PAGE || url.pathname === `${PAGE}/`);
  const key = isPage ? PAGE : url.pathname;
  if (!isPage && !FILES.includes(key)) return;
  event.respondWith((async () => {
    const cache = await caches.open(CACHE);
    return (await cache.match(key)) ?? fetch(request);
  })());
});
