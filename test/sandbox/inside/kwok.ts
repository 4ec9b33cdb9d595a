// kwok: fake nodes that take thousands of pods and run none of them. Its nodes are tainted, so that only pods
// that ask for them come there (label `type: kwok`, toleration of `kwok.x-k8s.io/node`).
import fs from "node:fs";
import path from "node:path";
import { NODE_ADDRESS } from "../layout.ts";
import type { Api } from "../api.ts";
import { until } from "./processes.ts";
import type { Processes } from "./processes.ts";
import { answersOk } from "./run-controller.ts";

const NODES = 20;
const NODE = "kwok.x-k8s.io/node";
/** Those of a kubelet, which some of upstream's pods ask for, and one to know the fake ones by. */
const LABELS = { type: "kwok", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" };
/** A fake pod with this annotation (a duration such as `5s`) succeeds after that time; without it, it runs on. */
const RUN_FOR = "trainyard.local/run-for";
/** One with this annotation is ready after that time; without it, at once. Only in a cluster of fake nodes alone, as the next. */
export const READY_AFTER = "trainyard.local/ready-after";
/** One with this label does not start: whoever put it there takes it away. */
export const WAITS_FOR = "trainyard.local/waits-for";

/** What kwok's stage gives a pod for its addresses. */
const POD_ADDRESSES = /\{\{ \$podIPs := PodIPsWith .* \}\}/;

/**
 * @param stages files of kwok's own that say how nodes and pods come to be ready and go
 * @param podsAt address of every fake pod; its nodes then take any pod
 */
export async function startKwok(
  api: Api,
  processes: Processes,
  program: string,
  kubeconfig: string,
  folder: string,
  stages: readonly string[],
  podsAt?: string,
): Promise<void> {
  const config = path.join(folder, "kwok.yaml");
  const own = completeStage();
  fs.writeFileSync(
    config,
    [...stages.map((file) => placed(fs.readFileSync(file, "utf8"), podsAt)), JSON.stringify(own)].join("\n---\n"),
  );
  processes.start("kwok", program, [
    `--kubeconfig=${kubeconfig}`,
    `--config=${config}`,
    "--manage-all-nodes=false",
    `--manage-nodes-with-annotation-selector=${NODE}=fake`,
    "--node-lease-duration-seconds=40",
    "--cidr=10.60.0.0/16",
    `--node-ip=${NODE_ADDRESS}`,
    "--server-address=127.0.0.1:10247",
  ]);
  await until("kwok ready", 30, () => answersOk("http://127.0.0.1:10247/readyz"));
  await Promise.all(Array.from({ length: NODES }, (_, index) => makeNode(api, `kwok-${index}`, podsAt === undefined)));
}

function placed(stage: string, podsAt: string | undefined): string {
  if (podsAt === undefined) return stage;
  const there = stage.replace(POD_ADDRESSES, `{{ $podIPs := list "${podsAt}" }}`);
  if (!stage.includes("name: pod-ready")) return there;
  const delay = { durationMilliseconds: 0, durationFrom: { expressionFrom: annotated(READY_AFTER) } };
  const free = { key: `.metadata.labels["${WAITS_FOR}"]`, operator: "DoesNotExist" };
  return there
    .replace(/^ {4}matchExpressions:$/m, `$&\n    - ${JSON.stringify(free)}`)
    .replace(/^ {2}next:$/m, `  delay: ${JSON.stringify(delay)}\n$&`);
}

async function makeNode(api: Api, name: string, tainted: boolean): Promise<void> {
  const capacity = { cpu: "64", memory: "512Gi", pods: "1000", "nvidia.com/gpu": "8" };
  const answer = await api.send("POST", "/api/v1/nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, annotations: { [NODE]: "fake" }, labels: { ...LABELS, "kubernetes.io/hostname": name } },
    spec: tainted ? { taints: [{ key: NODE, value: "fake", effect: "NoSchedule" }] } : {},
    status: { allocatable: capacity, capacity },
  });
  // 409: it is there from before the sandbox was started again.
  if (answer.code !== 201 && answer.code !== 409) throw new Error(`node ${name} was answered with ${answer.code}`);
}

const annotated = (name: string): string => `.metadata.annotations["${name}"]`;

/** kwok's own stage ends only pods of a Job; ours ends any pod that says for how long it runs. */
function completeStage(): object {
  const annotation = annotated(RUN_FOR);
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name: "pod-complete-after" },
    spec: {
      resourceRef: { apiGroup: "v1", kind: "Pod" },
      selector: {
        matchExpressions: [
          { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" },
          { key: ".status.phase", operator: "In", values: ["Running"] },
          { key: annotation, operator: "Exists" },
        ],
      },
      delay: { durationFrom: { expressionFrom: annotation } },
      next: {
        statusTemplate: `{{ $now := Now }}
{{ $root := . }}
containerStatuses:
{{ range $index, $item := .spec.containers }}
{{ $origin := index $root.status.containerStatuses $index }}
- image: {{ $item.image | Quote }}
  name: {{ $item.name | Quote }}
  ready: false
  restartCount: 0
  started: false
  state:
    terminated:
      exitCode: 0
      finishedAt: {{ $now | Quote }}
      reason: Completed
      startedAt: {{ $origin.state.running.startedAt | Quote }}
{{ end }}
phase: Succeeded
`,
      },
    },
  };
}
