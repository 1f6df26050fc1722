// The page without a network: every file of one build is kept, and given out when the network has none.
// FILES and BUILD are put in when the page is built (vite.config.ts).
const NAME = `pagefault ${BUILD}`;
const KNOWN = new Set(FILES.map((file) => new URL(file, registration.scope).href));

addEventListener('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => skipWaiting()));
});

addEventListener('activate', (event) => {
  const others = async () => (await caches.keys()).filter((name) => name.startsWith('pagefault ') && name !== NAME);
  event.waitUntil(others().then((names) => Promise.all(names.map((name) => caches.delete(name)))));
});

/** The page itself comes from the network as long as there is one: a newer build is seen at once. */
async function newest(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) return answer;
  } catch {
    // There is none.
  }
  return (await kept('./')) ?? Response.error();
}

async function kept(request) {
  return (await caches.open(NAME)).match(request, { ignoreSearch: true });
}

addEventListener('fetch', (event) => {
  const { request } = event;
  const isPage = request.mode === 'navigate';
  if (request.method !== 'GET' || !(isPage ? request.url.startsWith(registration.scope) : KNOWN.has(request.url))) return;
  // A file has its content's digest in its name: one that is kept is the one that is asked for.
  event.respondWith(isPage ? newest(request) : kept(request).then((answer) => answer ?? fetch(request)).catch(() => Response.error()));
});
