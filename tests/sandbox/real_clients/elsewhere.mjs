// Send what a program means for Fortnox's hosts to the sandbox; loaded before the program.

import http from 'node:http';
import https from 'node:https';

const sandbox = new URL(process.env.SANDBOX_URL);
const isFortnox = (host) => /^(api|apps)\.fortnox\.se$/.test(host);

const ask = globalThis.fetch;
globalThis.fetch = (address, options) => {
  const url = new URL(address);
  return ask(isFortnox(url.hostname) ? new URL(url.pathname + url.search, sandbox) : url, options);
};

const send = https.request;
https.request = (options, answered) => {
  if (!isFortnox(options.hostname)) return send(options, answered);
  const there = { hostname: sandbox.hostname, port: sandbox.port, protocol: 'http:' };
  const headers = { ...options.headers, host: sandbox.host };
  return http.request({ ...options, ...there, host: sandbox.hostname, headers, agent: undefined }, answered);
};
