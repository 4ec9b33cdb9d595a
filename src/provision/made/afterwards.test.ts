import assert from "node:assert/strict";
import type { Wish } from "../../contract/wish.ts";
import { defaultWish } from "../plan/defaults.ts";
import { matchFailure } from "../terraform/failures.ts";
import { failureButtons } from "./afterwards.ts";

const STOCK_OUT =
  "We currently do not have sufficient g4dn.xlarge capacity in the Availability Zone you requested (us-east-1a). You can currently get it by choosing us-east-1b.";

describe("what is offered after a failure of Terraform", () => {
  let ran: string[];
  const buttons = (text: string, wish: Wish) => {
    const known = matchFailure(text, {}) ?? assert.fail(text);
    const desk = {
      openExternal: () => undefined,
      confirm: () => Promise.resolve(true),
      runInTerminal: (_title: string, file: string, args: readonly string[]) => ran.push([file, ...args].join(" ")),
    };
    const programs = {
      locate: (name: string) => Promise.resolve({ file: name, env: {} }),
      run: () => Promise.reject(new Error("none is run")),
    };
    return failureButtons([known, known], {
      ports: { desk, programs },
      wish,
      terraform: () => Promise.reject(new Error("none")),
      planAgain: () => Promise.resolve(void ran.push("plan")),
      backToForm: (changed) => ran.push(JSON.stringify(changed?.gke.zones)),
      edit: () => ran.push("edit"),
    });
  };
  beforeEach(() => (ran = []));

  it("offers each step once, and none that this cluster has no use for", () => {
    const eks: Wish = { ...defaultWish(), where: "eks" };
    const titles = (wish: Wish) => buttons(STOCK_OUT, wish).map(({ title }) => title);
    assert.deepEqual(titles(eks), ["Choose Another GPU", "Try Again Later"]);
    assert.deepEqual(titles({ ...eks, eks: { ...eks.eks, gpu: null } }), ["Try Again Later"]);
  });

  it("signs in with the profile of the cluster", async () => {
    const { eks } = defaultWish();
    const wish: Wish = { ...defaultWish(), where: "eks", eks: { ...eks, profile: "ml" } };
    await buttons("No valid credential sources found", wish)[0]?.press(() => undefined);
    assert.deepEqual(ran, ["aws sso login --profile=ml"]);
  });
});
