// What a run sends, the namespace that it goes to, and the runtime that it is made after.
import { label } from "../../core/sanitize.ts";
import { bytes, plural } from "../../core/text.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { NAMESPACE } from "../../kubeflow/kinds/resources.ts";
import { projectRuntime } from "../../kubeflow/kinds/runtime.ts";
import type { Snapshot } from "../code/snapshot.ts";
import type { RuntimeUse } from "../spec.ts";
import { type Finding, ok, problem, seen, type Seen, type Site, untold, warning } from "./finding.ts";

/** What is imported and stays here, and what stays besides. Pure. */
export function codeFindings({
  files,
  bytes: size,
  missing,
  left,
}: Pick<Snapshot, "files" | "bytes" | "missing" | "left">): readonly Finding[] {
  const reason = new Map(left.map(({ path, why }) => [path, why]));
  const lines = (names: readonly string[]): string[] =>
    names.map((name) => (reason.has(name) ? `${name}: ${reason.get(name) ?? ""}` : name));
  if (missing.length === 0)
    return [
      {
        ...ok("code", `${plural(files.length, "file")} with ${bytes(size)} travel.`),
        ...(left.length > 0 && { lines: lines(left.map(({ path }) => path)) }),
      },
    ];
  const names = label(missing.slice(0, 3).join(", "), 100);
  const verbs = missing.length === 1 ? "is imported and stays" : "are imported and stay";
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : "";
  return [{ field: "code", level: "warning", text: `${names}${more} ${verbs} here.`, lines: lines(missing) }];
}

export async function checkNamespace({ client, spec, signal }: Site): Promise<readonly Finding[]> {
  const found = await seen(client.get<KubeObject>(NAMESPACE, spec.namespace, undefined, signal));
  // Most people may not read it: what it holds is learnt elsewhere.
  if (found.kind === "forbidden") return [];
  if (found.kind === "missing") return [problem("namespace", `The cluster has no namespace ${spec.namespace}.`)];
  return namespaceFindings(found.value);
}

/** What a namespace does to pods, by its labels. Pure. */
export function namespaceFindings({ metadata: { name, labels = {} } }: KubeObject): readonly Finding[] {
  const injects = labels["istio-injection"] === "enabled" || labels["istio.io/rev"] !== undefined;
  const isRestricted = labels["pod-security.kubernetes.io/enforce"] === "restricted";
  return [
    ...(injects
      ? [
          ok(
            "namespace",
            `${name} puts Istio’s sidecar into pods. The job’s pods go without: it would not let them end.`,
          ),
        ]
      : []),
    ...(labels["istio.io/dataplane-mode"] === "ambient"
      ? [ok("namespace", `${name} is in Istio’s ambient mesh, which leaves pods as they are.`)]
      : []),
    ...(isRestricted
      ? [
          warning(
            "namespace",
            `${name} enforces Pod Security restricted, which the job’s pods do not promise: they may be refused.`,
          ),
        ]
      : []),
  ];
}

export async function checkRuntime({ spec, runtime }: Site): Promise<readonly Finding[]> {
  const found = await runtime;
  return spec.runtime === undefined || found === undefined ? [] : runtimeFindings(spec.runtime, found, spec.image);
}

/** Runtimes whose images have PyTorch (trainer v2.3.0: manifests/base/runtimes). */
const WITH_TORCH: ReadonlySet<string> = new Set(["torch", "deepspeed", "torchtune"]);

/** `image` is the run's own; empty for the runtime's. Pure. */
export function runtimeFindings(
  { kind, name }: Pick<RuntimeUse, "kind" | "name">,
  found: Seen<KubeObject>,
  image: string,
): readonly Finding[] {
  if (found.kind === "missing") return [problem("runtime", `There is no ${kind} ${name}.`)];
  if (found.kind === "forbidden") return [untold("runtime", `Whether there is a runtime ${name}`, `read ${kind}s`)];
  const { framework, isDeprecated, image: its = "" } = projectRuntime(kind, found.value);
  const isOther = framework !== undefined && !WITH_TORCH.has(framework);
  const findings = [
    ...(isDeprecated ? [warning("runtime", `The runtime ${name} is marked as deprecated.`)] : []),
    ...(isOther
      ? [
          warning(
            "runtime",
            `The runtime ${name} is for ${label(framework, 40)}${image === "" ? ", and its image may have no PyTorch" : ""}.`,
          ),
        ]
      : []),
  ];
  if (findings.length > 0) return findings;
  const brings = image === "" && its !== "" ? ` It brings ${label(its, 150)}.` : "";
  return [ok("runtime", `The runtime ${name} is there.${brings}`)];
}
