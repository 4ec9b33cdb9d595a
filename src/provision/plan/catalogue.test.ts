import assert from "node:assert/strict";
import { EKS_SHAPES } from "./catalogue/eks.ts";
import { GKE_GPUS, GKE_MACHINES, GKE_SHAPES } from "./catalogue/gke.ts";
import { bothErrors } from "./testing/legalTable.ts";

/** Numbers of regions that list the accelerator and its machine types. */
const REGION_COUNTS: Readonly<Record<string, number>> = {
  ...{ "nvidia-tesla-t4": 23, "nvidia-l4": 18, "nvidia-rtx-pro-6000": 21, "nvidia-tesla-a100": 10 },
  ...{ "nvidia-a100-80gb": 5, "nvidia-h100-80gb": 18, "nvidia-h100-mega-80gb": 13, "nvidia-h200-141gb": 9 },
  ...{ "nvidia-b200": 11, "nvidia-tesla-v100": 5, "nvidia-tesla-p100": 7, "nvidia-tesla-p4": 7 },
};

describe("the GPU catalogue", () => {
  for (const spot of [false, true]) {
    it(`refuses no legal GPU node of GKE and accepts no other, ${spot ? "spot" : "on demand"}`, () => {
      const { refusals, accepted, legal, illegal } = bothErrors("gke", spot);
      assert.deepEqual({ refusals, accepted }, { refusals: [], accepted: [] });
      assert.ok(legal > 1_500 && illegal > 10_000, `${legal} legal, ${illegal} illegal`);
    });

    it(`refuses no legal GPU node of EKS and accepts no other, ${spot ? "spot" : "on demand"}`, () => {
      const { refusals, accepted, legal, illegal } = bothErrors("eks", spot);
      assert.deepEqual({ refusals, accepted }, { refusals: [], accepted: [] });
      assert.ok(legal === 88 && illegal > 1_000, `${legal} legal, ${illegal} illegal`);
    });
  }

  it("lists each accelerator in as many regions as the cloud's own list", () => {
    for (const { name, regions: listed } of GKE_GPUS) {
      assert.equal(new Set(listed).size, listed.length, name);
      assert.equal(listed.length, REGION_COUNTS[name], name);
    }
  });

  it("knows zones only of regions that have the accelerator", () => {
    for (const { name, regions: listed, zones } of GKE_GPUS) {
      for (const zone of zones) assert.ok(listed.includes(zone.replace(/-[a-z]$/, "")), `${name} ${zone}`);
    }
  });

  it("knows the size of every machine type that it offers", () => {
    for (const { machine } of GKE_SHAPES) assert.ok((GKE_MACHINES.get(machine)?.vcpus ?? 0) > 0, machine);
    assert.deepEqual(GKE_MACHINES.get("g2-standard-96"), { name: "g2-standard-96", vcpus: 96, memory: 384 });
    assert.deepEqual(GKE_MACHINES.get("n1-highcpu-16"), { name: "n1-highcpu-16", vcpus: 16, memory: 14.4 });
    assert.equal(new Set(EKS_SHAPES.map(({ machine }) => machine)).size, EKS_SHAPES.length);
  });
});
