import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { openDoor } from "./placeholder.ts";
import type { Door } from "./placeholder.ts";

describe("sandbox address before and after the API server", () => {
  let dir: string;
  let ca: string;
  let door: Door;
  let message = "compiling";

  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "door-"));
    const files = ["-keyout", path.join(dir, "key"), "-out", path.join(dir, "crt")];
    const what = [
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-subj",
      "/CN=x",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
    ];
    execFileSync("openssl", ["req", "-x509", ...what, ...files], { stdio: "ignore" });
    ca = fs.readFileSync(path.join(dir, "crt"), "utf8");
    door = await openDoor({
      certificate: ca,
      key: fs.readFileSync(path.join(dir, "key"), "utf8"),
      port: 0,
      message: () => message,
    });
  });
  after(async () => {
    await door.close();
    fs.rmSync(dir, { recursive: true });
  });

  const get = (agent?: https.Agent) =>
    new Promise<{ code: number | undefined; body: string }>((resolve, reject) => {
      const options = { host: "127.0.0.1", port: door.port, path: "/api", ca, ...(agent ? { agent } : {}) };
      https
        .get(options, (response) => {
          let body = "";
          response.on("data", (chunk: Buffer) => (body += chunk.toString()));
          response.on("end", () => resolve({ code: response.statusCode, body }));
        })
        .on("error", reject);
    });

  it("answers HTTP/1.1 with a Status that names the step of that moment", async () => {
    message = "compiling Kubernetes, 3 min 10 s so far";
    const { code, body } = await get();
    assert.equal(code, 503);
    const { kind, apiVersion, status, reason, message: said } = JSON.parse(body) as Record<string, unknown>;
    assert.deepEqual(
      [kind, apiVersion, status, reason, said],
      ["Status", "v1", "Failure", "ServiceUnavailable", message],
    );
  });

  it("answers HTTP/2 as well", async () => {
    const session = http2.connect(`https://127.0.0.1:${door.port}`, { ca });
    const code = await new Promise((resolve, reject) => {
      session.on("error", reject);
      session
        .request({ ":path": "/apis" })
        .on("response", (headers) => resolve(headers[":status"]))
        .on("error", reject)
        .resume();
    });
    session.close();
    assert.equal(code, 503);
  });

  it("refuses a port that is taken", async () => {
    await assert.rejects(openDoor({ certificate: ca, key: "", port: door.port, message: () => "" }), /key|EADDRINUSE/);
  });

  it("passes connections on once it is opened, and drops those of before", async () => {
    const agent = new https.Agent({ keepAlive: true });
    await get(agent);
    const behind = net.createServer((socket) => socket.on("data", (data) => socket.end(`behind:${data.toString()}`)));
    await new Promise<void>((resolve) => behind.listen(0, "127.0.0.1", resolve));
    const dropped = new Promise((resolve) => {
      const socket = net.connect(door.port, "127.0.0.1", () =>
        setTimeout(() => door.openTo("127.0.0.1", (behind.address() as AddressInfo).port), 20),
      );
      socket.on("close", resolve).on("error", () => undefined);
    });
    await dropped;
    const answer = await new Promise((resolve, reject) => {
      let text = "";
      const socket = net.connect(door.port, "127.0.0.1", () => socket.write("hello"));
      socket
        .on("data", (data) => (text += data.toString()))
        .on("end", () => resolve(text))
        .on("error", reject);
    });
    assert.equal(answer, "behind:hello");
    behind.close();
    agent.destroy();
  });
});
