import assert from "node:assert/strict";
import { aWish, cloudParts } from "../../../test/provision/cloudParts.ts";
import { isUserError } from "../../core/errors.ts";
import { StandIns } from "../existing/testing/standIns.ts";
import { poolsNow } from "./pools.ts";

describe("the pools of a cluster as the cloud lists them", function () {
  this.timeout(30_000);
  const { signal } = new AbortController();
  let programs: StandIns;
  beforeEach(() => (programs = new StandIns()));
  afterEach(() => programs.remove());

  const ask = (where: "gke" | "eks") =>
    poolsNow(
      aWish(where),
      cloudParts({ PATH: programs.bin, HOME: programs.folder, SHELL: "" }, programs.storage).programs,
      signal,
    );

  for (const [where, program, empty] of [
    ["gke", "gcloud", []],
    ["eks", "aws", { nodegroups: [] }],
  ] as const) {
    it(`are unknown, not none, where ${program} lists none`, async () => {
      programs.add(program, `out(${JSON.stringify(empty)})`);
      await assert.rejects(ask(where), (error) => {
        assert.ok(isUserError(error));
        assert.equal(error.code, "pools-unknown");
        assert.match(error.message, new RegExp(`^The pools of ml-team could not be read. ${program} listed none.`));
        return true;
      });
    });
  }

  it("are told where the CPU pool is among them", async () => {
    programs.add("gcloud", `is("container") ? out([{ name: "cpu", config: {} }]) : out([])`);
    assert.deepEqual(
      (await ask("gke")).map(({ name }) => name),
      ["cpu"],
    );
  });
});
