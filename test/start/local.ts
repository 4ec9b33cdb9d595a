// A cluster of kind, k3d or minikube named `trainyard`, with the Training Operator in it. The person's own
// kubeconfig is not touched: the cluster's goes to a file of ours.
import fs from "node:fs";
import path from "node:path";
import { run, step } from "../../scripts/steps.mjs";
import { TRAINING_OPERATOR } from "../sandbox/versions.ts";
import type { LocalChoice, LocalTool } from "./choice.ts";

const NAME = "trainyard";
const OPERATOR = `github.com/kubeflow/training-operator.git/manifests/overlays/standalone?ref=v${TRAINING_OPERATOR}`;

/** Makes the cluster, or finds it again, and writes its kubeconfig. */
export async function bringUpLocal(choice: LocalChoice, kubeconfig: string): Promise<void> {
  fs.mkdirSync(path.dirname(kubeconfig), { recursive: true });
  await step(`a cluster «${NAME}» of ${choice.tool}`, () => BRING_UP[choice.tool](choice, kubeconfig));
  const kubectl = kubectlOf(choice, kubeconfig);
  if (await succeeds(kubectl(["get", "crd", "pytorchjobs.kubeflow.org"]))) return;
  await step(`installing the Training Operator ${TRAINING_OPERATOR}`, async () => {
    await kubectl(["apply", "--server-side", "-k", OPERATOR]);
    await kubectl(["rollout", "status", "deployment/training-operator", "--namespace=kubeflow", "--timeout=600s"]);
  });
}

/** How a person ends it. */
export function endLocal({ tool }: Pick<LocalChoice, "tool">): string {
  return {
    kind: `kind delete cluster --name ${NAME}`,
    k3d: `k3d cluster delete ${NAME}`,
    minikube: `minikube delete -p ${NAME}`,
  }[tool];
}

const BRING_UP: Record<LocalTool, (choice: LocalChoice, kubeconfig: string) => Promise<void>> = {
  async kind({ toolFile, engine, engineFile }, kubeconfig) {
    const env = engine === "podman" ? { KIND_EXPERIMENTAL_PROVIDER: "podman" } : {};
    const target = ["--name", NAME, "--kubeconfig", kubeconfig];
    const clusters = await run(toolFile, ["get", "clusters"], { env });
    if (!clusters.split(/\s+/).includes(NAME)) {
      await run(toolFile, ["create", "cluster", ...target], { env });
      return;
    }
    // Its one container stays stopped after the machine was off.
    await run(engineFile, ["start", `${NAME}-control-plane`]);
    await run(toolFile, ["export", "kubeconfig", ...target], { env });
  },
  async k3d({ toolFile }, kubeconfig) {
    const there = await succeeds(run(toolFile, ["cluster", "list", NAME]));
    if (there) await run(toolFile, ["cluster", "start", NAME]);
    else await run(toolFile, ["cluster", "create", NAME, "--kubeconfig-update-default=false"]);
    fs.writeFileSync(kubeconfig, await run(toolFile, ["kubeconfig", "get", NAME]), { mode: 0o600 });
  },
  async minikube({ toolFile, engine }, kubeconfig) {
    await run(toolFile, ["start", "-p", NAME, `--driver=${engine}`], { env: { KUBECONFIG: kubeconfig } });
  },
};

function kubectlOf({ kubectl }: LocalChoice, kubeconfig: string): (args: readonly string[]) => Promise<string> {
  const [file = "kubectl", ...first] = kubectl;
  return (args) => run(file, [...first, ...args], { env: { KUBECONFIG: kubeconfig } });
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
