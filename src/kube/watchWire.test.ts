import assert from "node:assert/strict";
import { type Clock, systemClock } from "../core/clock.ts";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "./client.ts";
import { followLog } from "./logStream.ts";
import { testEntry, testServer, type TestServer, testTransport, until } from "./testing/testServers.ts";
import { WatchStore } from "./watchStore.ts";

// The store and the stream over the real transport and a real server that breaks its connections.

/** Pauses pass three hundred times as fast. */
const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 300, signal) };
const KIND = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
const INITIAL_END = { annotations: { "k8s.io/initial-events-end": "true" } };

function breakSockets(server: TestServer): void {
  for (const socket of server.sockets) socket.resetAndDestroy();
}

for (const speaks of ["h2", "http/1.1", "plain"] as const) {
  describe(`over real connections, ${speaks}`, () => {
    it("a watch lives through six resets in the middle of an event, and leaves no socket", async () => {
      let version = 1;
      let watches = 0;
      const event = (type: string, metadata: object): string => `${JSON.stringify({ type, object: { metadata } })}\n`;
      const server = await testServer(
        (request, response) => {
          watches++;
          response.writeHead(200, { "content-type": "application/json" });
          const pod = { name: "p", uid: "u", resourceVersion: String(version) };
          if (request.url?.includes("sendInitialEvents") === true) {
            response.write(
              event("ADDED", pod) + event("BOOKMARK", { resourceVersion: String(version), ...INITIAL_END }),
            );
          } else response.write(event("MODIFIED", pod));
          response.write('{"type":"MODIFIED","object":{"meta');
        },
        { speaks },
      );
      const transport = testTransport(testEntry(server.url));
      const definition = {
        kind: KIND,
        project: ({ metadata }: { metadata: { resourceVersion?: string } }) => metadata.resourceVersion,
      };
      const store = new WatchStore({
        client: new KubeClient(transport),
        definition,
        namespace: "ml",
        clock,
        log: silentLogger,
        random: () => 0,
      });
      store.hold();
      await store.settled();
      for (let round = 2; round <= 7; round++) {
        version = round;
        breakSockets(server);
        await until(() => store.items.get("u") === String(round) && store.state.kind === "live", `version ${round}`);
      }
      assert.equal(watches, 7);
      store.dispose();
      transport.dispose();
      await until(() => server.sockets.size === 0, "no socket left");
      await server.close();
    });

    it("a log lives through resets at odd bytes: every line once", async () => {
      const lines = Array.from({ length: 3_000 }, (_, index) => {
        const stamp = `2026-11-22T10:00:0${Math.floor(index / 500)}.${String(index).padStart(9, "0")}Z`;
        return `${stamp} step ${index} ü\r`;
      });
      let reads = 0;
      const server = await testServer(
        (request, response) => {
          const since = new URL(request.url ?? "", "http://x").searchParams.get("sinceTime")?.slice(0, 19) ?? "";
          const bytes = Buffer.from(lines.filter((line) => line.slice(0, 19) >= since).join("\n") + "\n");
          response.writeHead(200, { "content-type": "text/plain" });
          if (++reads > 6) {
            response.end(bytes);
            return;
          }
          response.write(bytes.subarray(0, 17_001 * reads), () => setImmediate(() => breakSockets(server)));
        },
        { speaks },
      );
      const transport = testTransport(testEntry(server.url));
      const got: string[] = [];
      const isOver = (): Promise<"running" | "ended"> => Promise.resolve(reads > 6 ? "ended" : "running");
      const options = {
        client: new KubeClient(transport),
        namespace: "ml",
        pod: "p",
        container: "c",
        clock,
        log: silentLogger,
        isOver,
        random: () => 0,
      };
      for await (const batch of followLog({ ...options, signal: new AbortController().signal })) {
        for (const item of batch) if (item.type === "line") got.push(`${item.time} ${item.text}`);
        assert.ok(batch.every((item) => item.type !== "gap"));
      }
      assert.deepEqual(got, lines);
      transport.dispose();
      await until(() => server.sockets.size === 0, "no socket left");
      await server.close();
    });
  });
}
