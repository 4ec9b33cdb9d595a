import assert from "node:assert/strict";
import { hashVariable, knownAccounts } from "../../src/install/accounts.ts";
import { MemorySecrets } from "../../src/install/testing/memorySecrets.ts";
import { record } from "../../src/kubeflow/read.ts";
import { Cleanup } from "./support.ts";
import { full, lastSteps, NEVER, type Rig, sharedRig, training, windowOf } from "../install/rig.ts";
import { testReleaseFolder } from "../install/testRelease.ts";
import { itFull } from "../rings/skip.ts";

/** A tenth of what real pods take until they are ready. */
const PACE = 0.1;
const PEOPLE = ["ada@example.org", "alan@example.org"] as const;
const decoded = (value: unknown): string => Buffer.from(String(value), "base64").toString();

describe("installing the whole platform", function () {
  this.timeout(240_000);
  const cleanup = new Cleanup();
  const open = sharedRig(cleanup);
  let rig: Rig;
  let folder: string;

  before(async function () {
    this.timeout(900_000);
    rig = await open();
    folder = await testReleaseFolder(PACE);
    rig.standIn.platform = true;
  });
  after(() => cleanup.run());

  const kubectl = (...args: string[]) => rig.sandbox.kubectl(args);
  const names = async (...args: string[]) =>
    (await kubectl("get", ...args, "-o", "jsonpath={.items[*].metadata.name}"))
      .split(/\s+/)
      .filter((name) => name !== "");

  it("brings it from nothing to healthy beside another's broken pods, and away again without what holds data", async () => {
    await kubectl("create", "namespace", "others");
    await kubectl("run", "broken", "--image=none", "-n", "others", '--overrides={"spec":{"nodeName":"nowhere"}}');
    const { installer, client, storage } = await windowOf(cleanup, rig.client);
    const plan = await installer.plan(full(folder), NEVER);
    assert.deepEqual(
      plan.checks.filter(({ state }) => state === "failed"),
      [],
    );
    const steps = lastSteps();
    await installer.run(plan, steps.onSteps, NEVER);

    const ended = new Map(plan.components.map(({ component: { id } }) => [id, steps.of(id)]));
    for (const { component } of plan.components) {
      const step = ended.get(component.id);
      assert.equal(step?.state, "done", component.id);
      for (const need of component.after ?? component.needs)
        assert.ok((step.startedAt ?? 0) >= (ended.get(need)?.endedAt ?? Infinity), `${component.id} before ${need}`);
    }
    const atOnce = steps.all.map((all) => all.filter(({ state }) => state === "running").length);
    assert.ok(Math.max(...atOnce) > 2, "what needs nothing of each other is installed side by side");
    assert.equal(
      client.applied.length,
      plan.components.reduce((sum, { objects }) => sum + objects.length, 0),
    );
    const health = await installer.health(NEVER);
    assert.deepEqual(
      health.filter(({ state }) => state !== "healthy"),
      [],
    );
    assert.deepEqual((await names("profiles.kubeflow.org")).sort(), ["ada", "alan"]);

    const again = await windowOf(cleanup, rig.client, { storage });
    await again.installer.run(await again.installer.plan(full(folder), NEVER), () => undefined, NEVER);
    assert.equal(again.client.applied.length, 0);

    // Another computer knows no password, and makes a new one.
    const secrets = new MemorySecrets();
    const { installer: other } = await windowOf(cleanup, rig.client, { secrets });
    const [ada, alan] = PEOPLE;
    assert.deepEqual([await installer.elsewhere(NEVER), await other.elsewhere(NEVER)], [[], PEOPLE]);
    const hashes = async () =>
      record(JSON.parse(await kubectl("get", "secret", "dex-passwords", "-n", "auth", "-o", "jsonpath={.data}")));
    const before = await hashes();
    const pods = await names("pods", "-n", "auth");
    const made = await other.newPassword(ada, () => undefined, NEVER);
    assert.deepEqual([await installer.elsewhere(NEVER), await other.elsewhere(NEVER)], [[ada], [alan]]);
    assert.deepEqual(await knownAccounts(secrets, await other.cluster(NEVER)), [
      { ...made, hash: decoded((await hashes())[hashVariable(ada)]), shown: true },
    ]);
    assert.equal((await hashes())[hashVariable(alan)], before[hashVariable(alan)], "nobody else's");
    await kubectl("wait", "--for=delete", "--timeout=30s", "-n", "auth", ...pods.map((name) => `pod/${name}`));
    await assert.rejects(
      other.newPassword("eve@example.org", () => undefined, NEVER),
      { code: "no-account" },
    );
    // What is installed anew takes it as it is.
    const { installer: anew } = await windowOf(cleanup, rig.client, { storage, secrets });
    await anew.run(await anew.plan(full(folder), NEVER), () => undefined, NEVER);
    assert.deepEqual(await anew.elsewhere(NEVER), [alan]);

    const claims = await names("pvc", "-A");
    assert.equal(claims.length, 5);
    const { left } = await installer.uninstall({ volumes: false }, () => undefined, NEVER);
    assert.deepEqual([...left].sort(), [
      "CustomResourceDefinition profiles.kubeflow.org: 1 object of it did not go",
      "Namespace ada: it holds 1 volume with data",
      "Namespace kubeflow: it holds 4 volumes with data",
      "Profile ada: its namespace would go with it",
    ]);
    assert.deepEqual(await names("pvc", "-A"), claims);
    assert.doesNotMatch(await kubectl("get", "namespaces"), /Terminating/);
    const built = ["default", "kube-node-lease", "kube-public", "kube-system"];
    assert.deepEqual(
      // Those of small releases are what rows of install.test.ts leave to others.
      (await names("namespaces")).filter((name) => !built.includes(name) && !name.startsWith("small")),
      ["ada", "kubeflow", "others"],
    );
  });

  itFull("installs Pipelines by themselves over volumes that were kept, and takes all away when asked", async () => {
    const { installer } = await windowOf(cleanup, rig.client);
    const choice = training(folder, { wanted: ["pipelines-alone"] });
    await installer.run(await installer.plan(choice, NEVER), () => undefined, NEVER);
    assert.ok((await installer.health(NEVER)).every(({ state }) => state === "healthy"));
    await installer.uninstall({ volumes: true }, () => undefined, NEVER);
    assert.doesNotMatch(await kubectl("get", "namespaces"), /Terminating/);
  });
});
