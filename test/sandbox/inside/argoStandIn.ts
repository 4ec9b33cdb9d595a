// A stand-in for the Argo workflow controller and for what runs beside a task's code, which take five times as long and
// are only in ARGO_NAMESPACE, where it does nothing. It carries out Workflows just as far as KFP's compiler makes
// them from a pipeline: DAGs of tasks, one real pod for each task that has code. Its pods have Argo's names, labels and
// annotations (but for `completed`) and one container, `main`, with the image, command and arguments of the pipeline.
// Drivers succeed without a pod, conditions count as true, a loop runs once; retries, caching, artifacts and outputs
// are not there. Of placeholders it knows inputs that are constants or parameters of the run. It is the administrator.
import * as v from "valibot";
import { okay } from "../api.ts";
import type { Api } from "../api.ts";
import { ARGO_NAMESPACE } from "../layout.ts";
import { hasEnded, podOf, Progress, Workflow } from "./argoProgress.ts";
import type { Code, Outcome } from "./argoProgress.ts";
import { Mirror, Mirrored } from "./mirror.ts";

const Terminated = v.looseObject({ terminated: v.optional(v.looseObject({ exitCode: v.number() })) });
const Status = v.looseObject({ state: v.optional(Terminated, {}) });
const LABEL = "workflows.argoproj.io/workflow";
const PodStatus = v.looseObject({
  phase: v.optional(v.string(), "Pending"),
  containerStatuses: v.optional(v.array(Status), []),
});
const Pod = v.looseObject({ ...Mirrored.entries, status: PodStatus });
type Pod = v.InferOutput<typeof Pod>;
const Refusal = v.looseObject({ message: v.string() });

const WORKFLOWS = "/apis/argoproj.io/v1alpha1";
const MERGE = "application/merge-patch+json";

export class ArgoStandIn {
  readonly #api: Api;
  readonly #log: (line: string) => void;
  readonly #workflows: Mirror<Workflow>;
  readonly #pods: Mirror<Pod>;
  /** What the server answered to the last change, until the mirror has it too. */
  readonly #ahead = new Map<string, Workflow>();
  /** Pods of attempts that are done again, by uid, until they are gone. */
  readonly #discarded = new Set<string>();
  /** The status that was written last. */
  readonly #written = new Map<string, string>();
  readonly #due = new Set<string>();
  #working = false;

  constructor(api: Api, log: (line: string) => void) {
    this.#api = api;
    this.#log = (line) => log(`the stand-in for Argo: ${line}`);
    const unfinished = `${WORKFLOWS}/workflows?labelSelector=${encodeURIComponent("workflows.argoproj.io/completed!=true")}`;
    const onWorkflow = ({ metadata }: Workflow): void => this.#look(`${metadata.namespace}/${metadata.name}`);
    this.#workflows = new Mirror(api, unfinished, Workflow, onWorkflow, this.#log);
    const onPod = ({ metadata }: Pod): void => this.#look(`${metadata.namespace}/${metadata.labels[LABEL] ?? ""}`);
    this.#pods = new Mirror(api, `/api/v1/pods?labelSelector=${LABEL}`, Pod, onPod, this.#log);
  }

  /** Goes on for as long as the process. */
  start(): void {
    void this.#workflows.follow(undefined);
    void this.#pods.follow(undefined);
  }

  #look(key: string): void {
    if (key.startsWith(`${ARGO_NAMESPACE}/`)) return; // Argo itself is there.
    this.#due.add(key);
    if (this.#working) return;
    this.#working = true;
    void this.#work().finally(() => (this.#working = false));
  }

  /** One Workflow after the other; what comes up meanwhile is added at the end. */
  async #work(): Promise<void> {
    for (const key of this.#due) {
      this.#due.delete(key);
      const workflow = this.#latest(key);
      if (workflow === undefined) this.#written.delete(key);
      else
        await this.#advance(key, workflow).catch((error: unknown) => {
          this.#log(`${key}: ${String(error)}`);
          setTimeout(() => this.#look(key), 1000);
        });
    }
  }

  #latest(key: string): Workflow | undefined {
    const [namespace = "", name = ""] = key.split("/");
    const [mirrored, ahead] = [this.#workflows.get(namespace, name), this.#ahead.get(key)];
    const age = (workflow: Workflow): number => Number(workflow.metadata.resourceVersion);
    if (mirrored !== undefined && ahead !== undefined && age(ahead) > age(mirrored)) return ahead;
    this.#ahead.delete(key);
    return mirrored;
  }

  async #advance(key: string, workflow: Workflow): Promise<void> {
    const { name, namespace } = workflow.metadata;
    const progress = new Progress(workflow, (code) => this.#runCode(workflow, code));
    const phase = await progress.make();
    const root = progress.nodes[name];
    const { startedAt, finishedAt } = root ?? {};
    const status = { phase, startedAt, finishedAt, message: root?.["message"] ?? null, nodes: progress.nodes };
    const text = JSON.stringify(status);
    if (this.#written.get(key) === text && workflow.status["phase"] === phase) return;
    const ended = hasEnded(phase) ? { "workflows.argoproj.io/completed": "true" } : {};
    const labels = { "workflows.argoproj.io/phase": phase, ...ended };
    const path = `${WORKFLOWS}/namespaces/${namespace}/workflows/${name}`;
    const answer = await this.#api.send("PATCH", path, { metadata: { labels }, status }, MERGE);
    if (answer.code === 404) return; // It was deleted meanwhile.
    const written = v.parse(Workflow, okay(answer, `the status of ${name}`));
    this.#written.set(key, text);
    this.#ahead.set(key, written);
  }

  async #runCode(workflow: Workflow, code: Code): Promise<Outcome> {
    const path = `/api/v1/namespaces/${workflow.metadata.namespace}/pods`;
    const known = workflow.status.nodes[code.id];
    if (known !== undefined && hasEnded(known.phase)) {
      const { phase, message } = known;
      return typeof message === "string" ? { phase, message } : { phase };
    }
    const found = this.#pods.get(workflow.metadata.namespace, code.pod);
    const discard = async (pod: Pod): Promise<void> => {
      this.#discarded.add(pod.metadata.uid);
      await this.#api.send("DELETE", `${path}/${code.pod}`);
    };
    if (workflow.spec.activeDeadlineSeconds === 0) {
      if (found !== undefined) await discard(found);
      return { phase: "Failed", message: "Step exceeded its deadline" };
    }
    if (found === undefined) {
      const answer = await this.#api.send("POST", path, podOf(workflow, code));
      if (answer.code === 201 || answer.code === 409) return { phase: "Pending" };
      return { phase: "Error", message: v.parse(Refusal, answer.body).message };
    }
    const { uid } = found.metadata;
    // The run is done again: the node was taken out, its pod is still that of the attempt before.
    if (known === undefined && hasEnded(found.status.phase) && !this.#discarded.has(uid)) await discard(found);
    return this.#discarded.has(uid) ? { phase: "Pending" } : outcome(found.status);
  }
}

function outcome({ phase, containerStatuses }: Pod["status"]): Outcome {
  if (phase !== "Failed") return { phase };
  const code = containerStatuses[0]?.state.terminated?.exitCode;
  return { phase, message: code === undefined ? "pod deleted" : `Error (exit code ${code})` };
}
