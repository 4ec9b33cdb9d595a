import assert from "node:assert/strict";
import path from "node:path";
import process from "node:process";
import { skipBecause } from "../rings/skip.ts";
import { chooseCluster, type Machine } from "./choice.ts";
import { type FakePrograms, fakePrograms } from "./fakePrograms.ts";

describe("start: the choice of a cluster", () => {
  let programs: FakePrograms;

  before(function () {
    if (process.platform === "win32") skipBecause(this, "the fake programs are shell scripts");
  });

  beforeEach(() => {
    programs = fakePrograms();
  });

  afterEach(() => programs.remove());

  const choose = (machine: Partial<Machine> = {}) =>
    chooseCluster(false, { searchPath: programs.folder, platform: "linux", arch: "x64", isRoot: true, ...machine });

  it("takes a cluster that is named, and asks no program", async () => {
    programs.add("docker");
    programs.add("kind");
    const machine: Machine = { searchPath: programs.folder, platform: "linux", arch: "x64", isRoot: true };
    assert.deepEqual(await chooseCluster(true, machine), { kind: "given" });
    assert.deepEqual(programs.calls(), []);
  });

  it("takes kind where docker answers", async () => {
    for (const name of ["docker", "kind", "kubectl"]) programs.add(name);
    assert.deepEqual(await choose(), {
      kind: "local",
      tool: "kind",
      toolFile: path.join(programs.folder, "kind"),
      engine: "docker",
      engineFile: path.join(programs.folder, "docker"),
      kubectl: [path.join(programs.folder, "kubectl")],
    });
    assert.deepEqual(programs.calls(), ["docker info"]);
  });

  it("asks podman where docker does not answer, and leaves k3d out then", async () => {
    programs.add("docker", "exit 1");
    for (const name of ["podman", "k3d", "minikube", "kubectl"]) programs.add(name);
    const choice = await choose();
    assert.ok(choice.kind === "local" && choice.tool === "minikube" && choice.engine === "podman");
    assert.deepEqual(programs.calls(), ["docker info", "podman info"]);
  });

  it("does not wait for an engine that hangs", async () => {
    programs.add("docker", "while :; do :; done");
    programs.add("kind");
    assert.equal((await choose({ engineLimit: 300 })).kind, "sandbox");
  });

  it("takes minikube's own kubectl where there is no other", async () => {
    programs.add("docker");
    programs.add("minikube");
    const choice = await choose();
    assert.ok(choice.kind === "local");
    assert.deepEqual(choice.kubectl, [path.join(programs.folder, "minikube"), "-p", "trainyard", "kubectl", "--"]);
  });

  it("says that kubectl is missing", async () => {
    programs.add("docker");
    programs.add("kind");
    const choice = await choose();
    assert.ok(choice.kind === "none");
    assert.match(choice.reason, /^kind and docker are here, but kubectl is not.* --kubeconfig FILE/);
  });

  it("takes the sandbox where an engine answers but nothing makes clusters, without asking it", async () => {
    programs.add("docker");
    assert.deepEqual(await choose(), { kind: "sandbox" });
    assert.deepEqual(programs.calls(), []);
  });

  it("refuses with what would do where the sandbox cannot run", async () => {
    programs.add("kind");
    const mac = await choose({ platform: "darwin" });
    assert.ok(mac.kind === "none");
    assert.match(mac.reason, /needs Linux; this is darwin\..*kind is here, but neither.*answered.*--kubeconfig FILE/);
    assert.doesNotMatch(mac.reason, /\n/);
  });
});
