import assert from "node:assert/strict";
import type { ToPipeline } from "../contract/pipeline.ts";
import { CancelledError, UserError } from "../core/errors.ts";
import { FailedHost } from "./failedHost.ts";

describe("a page that did not come back after a reload", () => {
  it("stays, says why, and tries again when asked, as often as it takes", async () => {
    const said: ToPipeline[] = [];
    const done: string[] = [];
    const sign = { title: "Sign In", command: "sign-in" };
    const answers: (() => Promise<void>)[] = [() => Promise.reject(new CancelledError()), () => Promise.resolve()];
    const host = new FailedHost("Run housing", new UserError("x", "No way in.", { next: [sign] }), {
      again: () => (done.push("again"), answers.shift()?.() ?? Promise.resolve()),
      press: ({ command }) => Promise.resolve(void done.push(command)),
      onError: (error) => done.push(String(error)),
    });
    const status = (): unknown => {
      const last = said.at(-1);
      return last?.type === "status" ? [last.status.text, ...last.status.steps] : last;
    };
    host.start((message) => said.push(message));
    await host.receive({ type: "ready" });
    assert.deepEqual(said[0], {
      type: "graph",
      file: "Run housing",
      names: [],
      shown: "",
      graph: null,
      hasSource: false,
    });
    assert.deepEqual(status(), ["This page was not brought back. No way in.", "Try Again", "Sign In"]);
    await host.receive({ type: "press", step: 1 });
    await host.receive({ type: "press", step: 9 });
    const trying = host.receive({ type: "press", step: 0 });
    assert.deepEqual(status(), ["Reading…"]);
    await host.receive({ type: "press", step: 0 });
    await trying;
    assert.deepEqual(status(), ["This page was not brought back. It was left off.", "Try Again"]);
    await host.receive({ type: "press", step: 0 });
    assert.deepEqual(done, ["sign-in", "again", "again"]);
  });
});
