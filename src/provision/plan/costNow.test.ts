import assert from "node:assert/strict";
import type { Wish } from "../../contract/wish.ts";
import type { PoolNow } from "../cloud/pools.ts";
import { costNow, gpuPoolOf } from "./costNow.ts";
import { defaultWish } from "./defaults.ts";
import type { LivePrice } from "./live.ts";

const TODAY = "2026-11-22";
const pool = (name: string, machine: string, desired: number | undefined): PoolNow => ({
  ...{ name, machines: [machine], spot: false, desired, min: 0, max: 3 },
  ...{ scalesItself: false, zones: 1, issues: [] },
});

describe("what a cluster costs now", () => {
  const eks: Wish = { ...defaultWish(), where: "eks" };

  it("is the price of its pools as they are, not as they may become", () => {
    const pools = [pool("cpu", "m5.xlarge", 3), pool("gpu", "g4dn.xlarge", 0)];
    const empty = costNow(eks, pools, {}, TODAY);
    assert.equal(empty.hour.toFixed(2), "0.73");
    assert.equal(empty.complete, true);
    const one = costNow(eks, [pool("cpu", "m5.xlarge", 3), pool("gpu", "g4dn.xlarge", 1)], {}, TODAY);
    assert.equal((one.hour - empty.hour).toFixed(3), "0.526");
  });

  it("names the price of a GPU node while there is none", () => {
    const pools = [pool("cpu", "m5.xlarge", 3), pool("gpu", "g4dn.xlarge", 0)];
    assert.deepEqual(costNow(eks, pools, {}, TODAY).gpuNode, { perHour: 0.526, note: "list, on demand" });
    const spot: LivePrice = {
      ...{ cloud: "eks", region: "us-east-1", machine: "g4dn.xlarge", spot: true, perHour: 0.2 },
      ...{ source: "EC2 spot price history", date: TODAY },
    };
    const asSpot = pools.map((one) => ({ ...one, spot: one.name === "gpu" }));
    // Nobody lists a spot price.
    assert.deepEqual(costNow(eks, asSpot, { prices: [spot] }, TODAY).gpuNode, { perHour: 0.2, note: "about, spot" });
    const untold = costNow(eks, asSpot, {}, TODAY).gpuNode;
    assert.deepEqual(untold, { perHour: null, note: "no spot price known; on demand $0.526/h list" });
  });

  it("says that it costs more where a price or a number is not known", () => {
    const unknown = costNow(eks, [pool("cpu", "m5.xlarge", undefined)], {}, TODAY);
    assert.equal(unknown.complete, false);
    assert.equal(unknown.gpuNode, undefined);
    const foreign = costNow(eks, [pool("cpu", "m5.xlarge", 3), pool("other", "m5.xlarge", 1)], {}, TODAY);
    assert.equal(foreign.complete, false);
    const untold = costNow(eks, [pool("cpu", "m5.xlarge", 3)], {}, TODAY);
    assert.equal(untold.complete, false, "the GPU pool of the wish was not told");
    const elsewhere = { ...eks, eks: { ...eks.eks, region: "eu-west-1" } };
    assert.equal(
      costNow(elsewhere, [pool("cpu", "m5.xlarge", 3), pool("gpu", "g4dn.xlarge", 1)], {}, TODAY).gpuNode?.perHour,
      null,
    );
  });

  it("is nothing on this computer", () => {
    const local = costNow({ ...defaultWish(), where: "local" }, [], {}, TODAY);
    assert.deepEqual([local.hour, local.complete], [0, true]);
  });

  it("knows the GPU pool that a launch may want a node of", () => {
    const pool = { gpu: "T4", machine: "g4dn.xlarge", perNode: 1, maxNodes: 2, spot: false };
    const wish: Wish = { ...eks, eks: { ...eks.eks, gpu: pool } };
    const known = { perNode: 1, mostNodes: 2, scalesItself: false, perHour: 0.526 };
    assert.deepEqual(gpuPoolOf(wish, {}, TODAY), known);
    assert.equal(gpuPoolOf({ ...wish, where: "gke" }, {}, TODAY)?.scalesItself, true);
    assert.equal(gpuPoolOf({ ...wish, where: "local" }, {}, TODAY), undefined);
    assert.equal(gpuPoolOf({ ...wish, eks: { ...wish.eks, gpu: null } }, {}, TODAY), undefined);
  });
});
