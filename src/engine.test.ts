import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { errorCode } from "./core/errors.ts";
import { silentLogger } from "./core/log.ts";
import { ManualClock, until } from "./kube/testing/manualClock.ts";
import { createEngine, type Engine } from "./engine.ts";

describe("the engine, when a kubeconfig changes", () => {
  let folder = "";
  let file = "";
  let engine: Engine;
  let clock: ManualClock;
  let tries: number;

  // Nothing listens there: a follow says so and waits.
  const config = (namespace: string, token: string): string => `
clusters:
- {name: c, cluster: {server: "http://127.0.0.1:1"}}
users:
- {name: u, user: {token: ${token}}}
contexts:
- {name: a, context: {cluster: c, user: u, namespace: ${namespace}}}
`;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "engine-"));
    file = path.join(folder, "config");
    await writeFile(file, config("one", "t1"));
    clock = new ManualClock();
    tries = 0;
    engine = createEngine({
      version: "0.0.0",
      installation: "test",
      home: folder,
      env: {},
      storage: path.join(folder, "storage"),
      state: { get: () => undefined, set: () => Promise.resolve() },
      kubeconfigPaths: () => [file],
      proxy: () => undefined,
      log: { ...silentLogger, debug: (line) => void (tries += line.includes("nothing listens") ? 1 : 0) },
      clock,
    });
    await engine.load();
  });
  afterEach(async () => {
    engine.dispose();
    await rm(folder, { recursive: true });
  });

  it("goes on with a follow for another namespace, and ends it with a way on for another sign-in", async () => {
    const sink = { lines: () => undefined, status: () => undefined, gap: () => undefined };
    const words = { header: "", onLog: () => undefined, statusLine: () => "", gapText: () => "" };
    let failure: unknown;
    const target = { namespace: "one", name: "bert", uid: "u1" };
    const follow = engine
      .follow("a", target, sink, new AbortController().signal, words)
      .catch((error: unknown) => (failure = error));
    await writeFile(file, config("two", "t1"));
    await engine.reload();
    assert.equal(engine.context("a").namespace, "two");
    const before = tries;
    await clock.advance(5_000);
    await until("it to try again", () => tries > before);
    assert.equal(failure, undefined);
    await writeFile(file, config("two", "t2"));
    await engine.reload();
    await follow;
    assert.equal(errorCode(failure), "connection-replaced");
    assert.match(String(failure), /bert is no longer followed: its entry in the kubeconfig has changed\.$/);
  });
});
