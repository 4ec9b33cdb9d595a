import assert from "node:assert/strict";
import { Emitter } from "../core/events.ts";
import { until } from "../../test/editor/until.ts";
import type { StoreState } from "../kube/store.ts";
import { GpuLooks, type WithGpus } from "./gpuLooks.ts";

class FakeGpus {
  readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;
  readonly totals = { counts: [{ noun: "GPU", total: 8, used: 5, free: 3 }], complete: true };
  state: StoreState = { kind: "loading" };
  holders = 0;

  hold(): { dispose: () => void } {
    this.holders++;
    return { dispose: () => this.holders-- };
  }

  become(state: StoreState): void {
    this.state = state;
    this.changed.fire();
  }
}

describe("the GPUs beside a cluster's name", () => {
  it("are drawn again when their number changes, and when nobody keeps it up to date any more", async () => {
    const drawn: string[] = [];
    const looks = new GpuLooks((context) => drawn.push(context));
    const gpus = new FakeGpus();
    const cluster: WithGpus = { gpus };
    looks.look("team", cluster);
    await until(
      "a look",
      () => Promise.resolve(gpus.holders),
      (holders) => holders === 1,
    );
    gpus.become({ kind: "loading" });
    assert.deepEqual(drawn, [], "nothing is known yet");
    gpus.become({ kind: "live" });
    gpus.become({ kind: "live" });
    assert.deepEqual(drawn, ["team"]);
    gpus.become({ kind: "stale", since: 0, why: "no answer" });
    assert.deepEqual(drawn, ["team", "team"], "the number goes");
    gpus.become({ kind: "live" });
    looks.leave("team");
    assert.deepEqual([drawn.length, gpus.holders], [4, 0], "and goes when nobody looks");
    looks.dispose();
  });
});
