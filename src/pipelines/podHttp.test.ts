import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { PodHttp } from "./podHttp.ts";

describe("plain HTTP to a pod", () => {
  it("meets no stream that was kept over a sleep, whatever is asked", async () => {
    const server = http.createServer((request, response) => void response.end(request.method));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const streams: net.Socket[] = [];
    const clock = new ManualClock();
    const pod = new PodHttp(() => {
      const stream = net.connect(port, "127.0.0.1");
      streams.push(stream);
      return Promise.resolve(stream);
    }, clock);
    const post = async (): Promise<string> =>
      (await pod.send("POST", "/", {}, new AbortController().signal, { type: "text/plain", bytes: Buffer.from("x") }))
        .body;
    try {
      assert.deepEqual([await post(), await post(), streams.length], ["POST", "POST", 1]);
      clock.suspend(3_600_000);
      assert.deepEqual([await post(), streams.length, streams[0]?.destroyed], ["POST", 2, true]);
    } finally {
      pod.dispose();
      server.close();
      server.closeAllConnections();
    }
  });
});
