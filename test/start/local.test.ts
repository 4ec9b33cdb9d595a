import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { skipBecause } from "../rings/skip.ts";
import type { ContainerEngine, LocalChoice, LocalTool } from "./choice.ts";
import { type FakePrograms, fakePrograms } from "./fakePrograms.ts";
import { bringUpLocal, endLocal } from "./local.ts";

describe("start: a cluster of kind, k3d or minikube", () => {
  let programs: FakePrograms;
  let file: string;

  before(function () {
    if (process.platform === "win32") skipBecause(this, "the fake programs are shell scripts");
  });

  beforeEach(() => {
    programs = fakePrograms();
    file = path.join(programs.folder, "ours", "kubeconfig");
    programs.add("docker");
  });

  afterEach(() => programs.remove());

  async function bringUp(tool: LocalTool, engine: ContainerEngine = "docker"): Promise<readonly string[]> {
    const [toolFile, engineFile, kubectl] = [tool, engine, "kubectl"].map((name) => path.join(programs.folder, name));
    const choice: LocalChoice = {
      kind: "local",
      tool,
      toolFile: toolFile ?? "",
      engine,
      engineFile: engineFile ?? "",
      kubectl: [kubectl ?? ""],
    };
    await bringUpLocal(choice, file);
    return programs.calls();
  }

  it("makes a kind cluster with a kubeconfig of ours and installs the operator into it", async () => {
    programs.add("kind", '[ "$*" = "get clusters" ] && echo "other"; exit 0');
    programs.add("kubectl", '[ "$1" = get ] && exit 1; exit 0');
    const overlay = "github.com/kubeflow/training-operator.git/manifests/overlays/standalone?ref=v1.9.4";
    const wait = "rollout status deployment/training-operator --namespace=kubeflow --timeout=600s";
    const [list, create, ...operator] = await bringUp("kind");
    assert.match(list ?? "", /^kind get clusters/);
    assert.ok(create?.startsWith(`kind create cluster --name trainyard --kubeconfig ${file}`));
    assert.deepEqual(operator, [
      `kubectl get crd pytorchjobs.kubeflow.org @${file}`,
      `kubectl apply --server-side -k ${overlay} @${file}`,
      `kubectl ${wait} @${file}`,
    ]);
  });

  it("uses a kind cluster again, with what is in it", async () => {
    programs.add("kind", '[ "$*" = "get clusters" ] && printf "other\\ntrainyard\\n"; exit 0');
    programs.add("kubectl");
    const calls = (await bringUp("kind")).map((call) => call.split(" ").slice(0, 3).join(" "));
    assert.deepEqual(calls, [
      "kind get clusters",
      "docker start trainyard-control-plane",
      "kind export kubeconfig",
      "kubectl get crd",
    ]);
  });

  it("has k3d leave the person's kubeconfig alone", async () => {
    programs.add(
      "k3d",
      'case "$1 $2" in "cluster list") exit 1;; "kubeconfig get") echo "kind: Config";; esac; exit 0',
    );
    programs.add("kubectl");
    const calls = await bringUp("k3d");
    assert.ok(calls.some((call) => call.startsWith("k3d cluster create trainyard --kubeconfig-update-default=false")));
    assert.equal(fs.readFileSync(file, "utf8"), "kind: Config\n");
  });

  it("has minikube write to a kubeconfig of ours", async () => {
    programs.add("minikube");
    programs.add("kubectl");
    const [start] = await bringUp("minikube", "podman");
    assert.equal(start, `minikube start -p trainyard --driver=podman @${file}`);
  });

  it("fails with the tool's own words", async () => {
    programs.add("kind", "echo 'no space left' >&2; exit 1");
    await assert.rejects(bringUp("kind"), /no space left/);
    assert.equal(endLocal({ tool: "kind" }), "kind delete cluster --name trainyard");
  });
});
