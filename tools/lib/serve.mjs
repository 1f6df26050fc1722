// Serves a built folder on this machine, for tests and pictures.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };

/** A server of `folder` on a free port: its address and how to stop it. `under`: the path that it lies under; `headers`: sent with everything; `delay`: before each answer, in ms. */
export async function serve(folder, { under = '/', headers = {}, delay = 0 } = {}) {
  const server = createServer(async (request, response) => {
    const asked = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const path = normalize(asked.startsWith(under) ? asked.slice(under.length) : '../nowhere').replace(/^([/\\])+/, '');
    if (delay > 0) await new Promise((done) => setTimeout(done, delay));
    try {
      const body = await readFile(join(folder, path === '' || path === '.' ? 'index.html' : path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? (path && path !== '.' ? 'application/octet-stream' : TYPES['.html']), ...headers }).end(body);
    } catch {
      response.writeHead(404).end('not found');
    }
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${server.address().port}${under}`, stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }) };
}
