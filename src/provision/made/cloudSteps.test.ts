import assert from "node:assert/strict";
import type { Wish } from "../../contract/wish.ts";
import { RELEASES } from "../../install/index.ts";
import { defaultWish } from "../plan/defaults.ts";
import { preparedKubeflow } from "./cloudSteps.ts";

describe("Kubeflow for a cluster that is not there yet", () => {
  it("is prepared for where the cluster will run", async () => {
    const seen: string[] = [];
    const installers = {
      releases: RELEASES,
      of: () => assert.fail("no cluster is asked"),
      prepare: ({ platform }: { readonly platform: string }) => {
        seen.push(platform);
        return Promise.reject(new Error("enough"));
      },
    };
    const { local, kubeflow, ...rest } = defaultWish();
    const wish: Wish = { ...rest, local, kubeflow: { ...kubeflow, profile: "training" } };
    for (const change of [
      { where: "gke" as const },
      { where: "eks" as const },
      { where: "local" as const, local: { ...local, tool: "k3d" as const } },
      { where: "local" as const, local: { ...local, tool: "kind" as const } },
    ]) {
      const ports = { kubeflow: () => Promise.resolve({ installers }) };
      const work = preparedKubeflow(ports, { ...wish, ...change }, () => undefined, new AbortController().signal);
      await assert.rejects(work, { message: "enough" });
    }
    assert.deepEqual(seen, ["gke", "eks", "any", "kind"]);
  });
});
