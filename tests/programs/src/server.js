// An HTTP server; its heavy requests are answered by worker threads.
const http = require('http');
const { createHash } = require('crypto');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

if (!isMainThread) {
  let text = String(workerData);
  for (let i = 0; i < 20000; i++) text = createHash('sha256').update(text).digest('hex');
  parentPort.postMessage(text);
} else {
  const work = (seed) => new Promise((good, bad) =>
    new Worker(__filename, { workerData: seed }).on('message', good).on('error', bad));
  const routes = {
    '/': async () => 'hello, world',
    '/workers': async () => (await Promise.all([1, 2, 3, 4].map(work))).join(' '),
    '/gc': async () => {
      let kept = [];
      for (let i = 0; i < 200000; i++) kept = i % 1000 ? [...kept.slice(-5), { i, text: 'x'.repeat(50) }] : [];
      return String(kept.length);
    },
  };
  const server = http.createServer(async (request, response) => {
    const route = routes[request.url];
    response.statusCode = route ? 200 : 404;
    response.end((route ? await route() : 'none') + '\n');
  });
  server.listen(Number(process.argv[2]), '127.0.0.1');
  process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeAllConnections(); });
}
