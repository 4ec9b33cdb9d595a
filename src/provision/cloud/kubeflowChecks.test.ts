import assert from "node:assert/strict";
import process from "node:process";
import { skipBecause } from "../../../test/rings/skip.ts";
import { type KubeflowWish, NO_KUBEFLOW } from "../../contract/wish.ts";
import { silentLogger } from "../../core/log.ts";
import { INSTALL_PAGES, Programs } from "../existing/programs.ts";
import { StandIns } from "../existing/testing/standIns.ts";
import { runChecks } from "./checkLines.ts";
import { kubeflowChecks } from "./kubeflowChecks.ts";

describe("what Kubeflow takes of this computer", () => {
  let stand: StandIns;
  before(function () {
    if (process.platform === "win32") skipBecause(this, "stand-ins are scripts of a Unix shell");
  });
  beforeEach(() => (stand = new StandIns()));
  afterEach(() => stand.remove());

  const said = async (change: Partial<KubeflowWish> = {}): Promise<readonly string[]> => {
    const env = { PATH: stand.bin, HOME: stand.folder, SHELL: "" };
    const programs = new Programs({ env, platform: process.platform, log: silentLogger });
    const lines = kubeflowChecks({ ...NO_KUBEFLOW, profile: "training", ...change }, programs);
    const done = await runChecks(lines, () => undefined, new AbortController().signal);
    return done.map(({ id, state, detail, does }) => {
      return `${id} ${state}: ${detail}${does?.kind === "open" ? ` ${does.url}` : ""}`;
    });
  };
  const kubectl = (gitVersion: string): void =>
    stand.add("kubectl", `if (is("version", "--client")) out({ clientVersion: { gitVersion: "${gitVersion}" } });`);

  it("is kubectl and git, each with its page where it is missing", async () => {
    const [first = "", second = ""] = await said();
    assert.match(first, /^kubectl failed: kubectl was not found\./);
    assert.ok(first.endsWith(INSTALL_PAGES.kubectl));
    assert.match(second, /^git warning: git was not found\. .* Some parts of Kubeflow fetch others with it\./);
    assert.ok(second.endsWith(INSTALL_PAGES.git));
    kubectl("v1.27.0");
    stand.add("git", `console.log("git version 2.47.1");`);
    assert.deepEqual(await said(), ["kubectl ok: Version v1.27.0.", "git ok: Version 2.47.1."]);
  });

  it("is a kubectl that is new enough", async () => {
    kubectl("v1.26.15");
    const [first = ""] = await said();
    assert.match(first, /^kubectl failed: Version v1\.26\.15: to build Kubeflow it has to be 1\.27 or newer\./);
  });

  it("is no git where the files are in a folder, and nothing where nothing is wanted", async () => {
    kubectl("v1.34.1");
    assert.deepEqual(await said({ folder: "/manifests" }), ["kubectl ok: Version v1.34.1."]);
    assert.deepEqual(await said({ profile: "" }), []);
  });
});
