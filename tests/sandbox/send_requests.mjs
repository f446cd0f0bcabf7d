// Sends the requests that come as JSON on standard input, one after the other, exactly as they are
// described; writes the answers as JSON, with bodies in base64.
import http from "node:http";
import { text } from "node:stream/consumers";

const { host, port, requests } = JSON.parse(await text(process.stdin));

const send = ({ method, target, headers, body }) =>
  new Promise((resolve, reject) => {
    const request = http.request({ host, port, method, path: target, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () =>
        resolve({
          status: answer.statusCode,
          headers: answer.headers,
          body: Buffer.concat(parts).toString("base64"),
        }),
      );
    });
    request.on("error", reject);
    request.end(body ?? undefined);
  });

const answers = [];
for (const request of requests) answers.push(await send(request));
process.stdout.write(JSON.stringify(answers));
