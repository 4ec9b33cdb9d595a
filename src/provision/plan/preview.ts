import type { FileText, Preview } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { type FormFacts, type KubeflowForm, kubeflowForm, RELEASES } from "../../install/index.ts";
import { choices } from "./choices.ts";
import { compare } from "./compare.ts";
import { cost } from "./cost.ts";
import type { Live } from "./live.ts";
import { made } from "./made.ts";
import { machineOf } from "./prices.ts";
import { findings } from "./rules.ts";

/** All that the page shows beside its form, for any wish that its schema lets through. `today` is an ISO day. */
export function preview(wish: Wish, live: Live, today: string, files: (wish: Wish) => readonly FileText[]): Preview {
  const kubeflow = kubeflowPart(wish);
  return {
    findings: [...findings(wish, live, today), ...kubeflow.findings],
    choices: { ...choices(wish, live), ...kubeflow.choices },
    made: [...made(wish), ...kubeflow.made],
    cost: cost(wish, live, today),
    compare: compare(wish, live, today),
    files: files(wish),
  };
}

/** Of the newest release, for the cluster that the wish makes. */
function kubeflowPart(wish: Wish): KubeflowForm {
  const [release] = RELEASES;
  return release === undefined
    ? { findings: [], choices: {}, made: [] }
    : kubeflowForm(wish.kubeflow, release, factsOf(wish));
}

/** What is known of the cluster before there is one; its CPU pool as it starts. */
function factsOf({ where, local, eks, gke }: Wish): FormFacts {
  if (where === "local") {
    const { version, cpus, memoryGiB } = local;
    return local.tool === "microk8s" ? {} : { version, cpus, memoryGiB };
  }
  const { machine, nodes } = where === "eks" ? eks.cpu : gke.cpu;
  const known = machineOf(where, machine);
  return {
    version: where === "eks" ? eks.version : "",
    ...(known && { cpus: known.vcpus * nodes, memoryGiB: known.memory * nodes }),
  };
}
