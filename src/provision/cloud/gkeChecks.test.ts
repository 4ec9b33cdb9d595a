import assert from "node:assert/strict";
import { aWish, cloudParts } from "../../../test/provision/cloudParts.ts";
import { StandIns } from "../existing/testing/standIns.ts";
import { fetchKubeconfig } from "./afterCreate.ts";
import { type CheckOutcome, versionIn } from "./checkLines.ts";
import { gkeChecks } from "./gkeChecks.ts";

describe("checks of GKE", function () {
  this.timeout(30_000);
  const { signal } = new AbortController();
  let programs: StandIns;
  beforeEach(() => (programs = new StandIns()));
  afterEach(() => programs.remove());

  const parts = () => cloudParts({ PATH: programs.bin, HOME: programs.folder, SHELL: "" }, programs.storage);
  const outcome = (id: string, wish = aWish("gke")): Promise<CheckOutcome> => {
    const line = gkeChecks(wish, parts()).find((one) => one.id === id);
    assert.ok(line !== undefined);
    return line.run(signal);
  };

  it("do not take a quota that was not told for enough", async () => {
    programs.add("gcloud", "out({})");
    const all = await outcome("quota-global");
    assert.deepEqual([all.state, all.detail], ["warning", "GPUS_ALL_REGIONS: not told here."]);
    const wish = aWish("gke");
    const region = await outcome("quota", { ...wish, gke: { ...wish.gke, gpu: null } });
    assert.deepEqual([region.state, region.detail], ["warning", "Google Cloud does not tell the quota here."]);
  });

  it("say that a quota is enough where it was told", async () => {
    programs.add("gcloud", `out({ quotas: [{ metric: "GPUS_ALL_REGIONS", limit: 4, usage: 0 }] })`);
    assert.equal((await outcome("quota-global")).state, "ok");
  });

  it("show nothing of what the sign-in plugin wrote but a version", async () => {
    programs.add("gke-gcloud-auth-plugin", `out({ kind: "ExecCredential", status: { token: "ya29.secret" } })`);
    assert.equal((await outcome("plugin")).detail, "gke-gcloud-auth-plugin, version unknown.");
    programs.add("gke-gcloud-auth-plugin", `console.log("Kubernetes v1.30.2+abc")`);
    assert.equal((await outcome("plugin")).detail, "gke-gcloud-auth-plugin, version v1.30.2.");
    assert.deepEqual(["kind v0.30.0 go1.24.6", "528.0.0", "token"].map(versionIn), ["v0.30.0", "528.0.0", "unknown"]);
  });

  it("are followed by a kubeconfig for the endpoint that the listed networks reach", async () => {
    programs.add("gcloud", `fail("no")`);
    const asked = async (authorizedNetworks: readonly string[]): Promise<boolean> => {
      await assert.rejects(fetchKubeconfig(aWish("gke", { gke: { authorizedNetworks } }), parts(), signal));
      return programs.calls("gcloud").at(-1)?.args.includes("--dns-endpoint") === true;
    };
    assert.deepEqual([await asked([]), await asked(["203.0.113.7/32"])], [true, false]);
  });
});
