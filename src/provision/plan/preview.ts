import type { FileText, Preview } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { type KubeflowForm, kubeflowForm, RELEASES } from "../../install/index.ts";
import { choices } from "./choices.ts";
import { compare } from "./compare.ts";
import { cost } from "./cost.ts";
import type { Live } from "./live.ts";
import { made } from "./made.ts";
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
function kubeflowPart({ where, kubeflow, local, eks }: Wish): KubeflowForm {
  const [release] = RELEASES;
  if (release === undefined) return { findings: [], choices: {}, made: [] };
  const version = where === "local" ? local.version : where === "eks" ? eks.version : "";
  const room = where === "local" && local.tool !== "microk8s" ? { cpus: local.cpus, memoryGiB: local.memoryGiB } : {};
  return kubeflowForm(kubeflow, release, { version, ...room });
}
