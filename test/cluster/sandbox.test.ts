// A sandbox of this file's own: a cluster that has nothing of Kubeflow, and what `up` and `down` leave on the machine.
import assert from "node:assert/strict";
import fs from "node:fs";
import process from "node:process";
import { run } from "../../scripts/steps.mjs";
import { until } from "../editor/until.ts";
import { layoutOf, linkOf } from "../sandbox/layout.ts";
import { ensureSandbox, type Sandbox, stopSandbox } from "../sandbox/sandbox.ts";
import { livingSupervisor, readSettings, readStatus } from "../sandbox/state.ts";
import { assertSays, refusal } from "./refusal.ts";
import { Cleanup, makeNamespace, openRig, writeProject } from "./support.ts";

const NAME = "life";

describe("a sandbox of its own, without a word of Kubeflow", function () {
  this.timeout(120_000);
  const layout = layoutOf(NAME);
  const cleanup = new Cleanup();
  let sandbox: Sandbox;

  const up = (fresh = false): Promise<Sandbox> => ensureSandbox({ name: NAME, parts: "empty", fresh });

  after(async () => {
    await cleanup.run();
    await stopSandbox(NAME);
  });

  it("comes up, is found by the next up, and comes back at the same address after a kill of its supervisor", async () => {
    const { address } = await up(true);
    const first = livingSupervisor(layout) ?? assert.fail("nobody supervises it");
    await up();
    assert.deepEqual(livingSupervisor(layout), first);
    const { inside } = readStatus(layout) ?? {};
    const kill = ["kill", "-9", String(first.pid)];
    await (process.getuid?.() === 0 ? run("kill", kill.slice(1)) : run("sudo", kill));
    await until(
      "its end",
      () => Promise.resolve(livingSupervisor(layout)),
      (left) => left === undefined,
    );
    sandbox = await up();
    assert.equal(sandbox.address, address);
    assert.notDeepEqual(readStatus(layout)?.inside, inside);
  });

  it("says that there is no training operator: of its jobs, to a launch, and to an administrator, with what brings it", async () => {
    const rig = await openRig(cleanup, sandbox.kubeconfig);
    const namespace = await makeNamespace(cleanup, rig.client, "bare");
    const cluster = rig.engine.cluster(rig.context);
    // Before anybody knows what is installed, and after.
    for (const parts of [undefined, await cluster.readParts()]) {
      if (parts !== undefined)
        assert.deepEqual([parts.jobs, parts.trainer, parts.pipelines], [[], undefined, undefined]);
      const jobs = cluster.jobs(namespace);
      await jobs.answered(10_000);
      assert.deepEqual(jobs.state, { kind: "absent" });
      jobs.dispose();
    }
    const file = await writeProject(cleanup, { "train.py": "print('trained')\n" });
    const words =
      "The job was not created. No training operator in this cluster takes a PyTorchJob. Choose a kind that it has, or install this one.";
    const next = ["Install Training…", "Copy Request for Your Admin"];
    assertSays(await refusal(rig, file, namespace), "no-operator", words, ...next);
    const request = await rig.engine.adminRequest(rig.context, namespace, "both");
    assert.match(request, /kubectl apply --server-side -k .*ref=v1\.9\.4/);
    assert.match(request, /kind: Role\n/);
  });

  it("leaves no process, link, control group or mount when it goes down", async () => {
    await cleanup.run();
    const { slot } = readSettings(layout) ?? assert.fail("it has no slot");
    const { device, cgroup, user } = linkOf(slot);
    const left = (): string[] => [
      ...fs.globSync("/proc/[0-9]*").filter((of) => isOf(of, [`/${cgroup}/`, `\0${NAME}\0`, layout.dir], user)),
      ...fs.globSync([`/sys/class/net/${device}`, `/sys/fs/cgroup/${cgroup}`, `/sys/fs/cgroup/*/${cgroup}`]),
      ...read("/proc/self/mounts")
        .split("\n")
        .filter((line) => line.includes(layout.dir)),
    ];
    assert.ok(left().length > 3, "what runs is seen");
    await stopSandbox(NAME);
    assert.deepEqual(left(), []);
  });
});

/** Whether a process of /proc names one of these in its command or control groups, or runs as this user. */
function isOf(process: string, names: readonly string[], user: number): boolean {
  const text = read(`${process}/cmdline`) + read(`${process}/cgroup`);
  return (
    names.some((name) => text.includes(name)) || new RegExp(`^Uid:\\s+${user}\\b`, "m").test(read(`${process}/status`))
  );
}

/** Empty where the process has gone. */
function read(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
