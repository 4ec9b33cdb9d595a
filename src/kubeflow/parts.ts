import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { V1_KINDS } from "./kinds/v1Job.ts";
import type { JobKind } from "./model.ts";
import { type Json, list, record, text } from "./read.ts";

/** Which parts of Kubeflow a cluster serves. What a version ConfigMap does not tell stays undefined. */
export interface Parts {
  /** Kinds of the Training Operator that are served. MPIJob is the mpi-operator's too, as kubeflow.org/v2beta1. */
  readonly jobs: readonly JobKind[];
  readonly trainer: { readonly version: string | undefined } | undefined;
  readonly notebooks: boolean;
  readonly profiles: boolean;
  readonly pipelines:
    | {
        /** Of the Service `ml-pipeline`, where nobody has moved it. */
        readonly namespace: string;
        readonly version: string | undefined;
        /** False where only Argo was seen, which pipelines need but others use too. */
        readonly certain: boolean;
      }
    | undefined;
  readonly katib: boolean;
  readonly kserve: boolean;
  readonly ray: boolean;
  readonly jobset: boolean;
  readonly kueue: boolean;
  readonly workspaces: boolean;
}

/** Aggregated discovery (GA in Kubernetes 1.30, beta from 1.27); an older server answers the last by what it has. */
const DISCOVERY = [
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
  "application/json",
].join(",");

/** Versions whose kinds are told apart: the group of jobs and notebooks is Katib's and the Workspaces' too. */
const LOOKED_INTO = ["kubeflow.org/v1", "kubeflow.org/v1beta1", "trainer.kubeflow.org/v1alpha1", "ray.io/v1"];
const PIPELINES_NAMESPACE = "kubeflow";

/** Groups, and kinds as `group/version/Kind`, that a server says it has. */
type Served = ReadonlySet<string>;

/**
 * Asks a cluster which parts it has, by API discovery, which every signed-in person may read, and by the ConfigMaps in
 * which Trainer (2.2) and Pipelines (2.16) publish their versions: at most three requests where discovery is aggregated.
 * Undefined where the person may not even read that. Rejects with ApiError, ConnectError or CancelledError.
 */
export async function readParts(client: KubeClient, signal?: AbortSignal): Promise<Parts | undefined> {
  const served = await unless([403], discover(client, signal));
  if (served === undefined) return undefined;
  const has = (kind: string): boolean => served.has(kind);
  const trainer = has("trainer.kubeflow.org/v1alpha1/TrainJob");
  const argo = has("argoproj.io") || has("pipelines.kubeflow.org");
  const none = Promise.resolve(undefined);
  const [trainerData, pipelinesData] = await Promise.all([
    trainer ? publicData(client, "kubeflow-system", "kubeflow-trainer-public", signal) : none,
    argo ? publicData(client, PIPELINES_NAMESPACE, "kubeflow-pipelines-public", signal) : none,
  ]);
  return {
    jobs: V1_KINDS.map(({ kind }) => kind).filter((kind) => has(`kubeflow.org/v1/${kind}`)),
    trainer: trainer ? { version: versionIn(trainerData, "kubeflow_trainer_version") } : undefined,
    notebooks: has("kubeflow.org/v1/Notebook"),
    profiles: has("kubeflow.org/v1/Profile"),
    pipelines: argo
      ? {
          namespace: PIPELINES_NAMESPACE,
          version: versionIn(pipelinesData, "kubeflow_pipelines_version"),
          certain:
            pipelinesData !== undefined ||
            has("pipelines.kubeflow.org") ||
            has("kubeflow.org/v1beta1/ScheduledWorkflow"),
        }
      : undefined,
    katib: has("kubeflow.org/v1beta1/Experiment"),
    kserve: has("serving.kserve.io"),
    ray: has("ray.io/v1/RayJob"),
    jobset: has("jobset.x-k8s.io"),
    kueue: has("kueue.x-k8s.io"),
    workspaces: has("kubeflow.org/v1beta1/Workspace"),
  };
}

/** `Training Operator`, `Trainer 2.3.0`, `Notebooks`, `Pipelines 2.16.1`, …: what a cluster's row and tooltip say. */
export function partsWords(parts: Parts): readonly string[] {
  const named = (name: string, version: string | undefined): string =>
    version === undefined ? name : `${name} ${version}`;
  return [
    ...(parts.jobs.length > 0 ? ["Training Operator"] : []),
    ...(parts.trainer === undefined ? [] : [named("Trainer", parts.trainer.version)]),
    ...(parts.notebooks ? ["Notebooks"] : []),
    ...(parts.pipelines?.certain === true ? [named("Pipelines", parts.pipelines.version)] : []),
    ...(parts.katib ? ["Katib"] : []),
    ...(parts.kserve ? ["KServe"] : []),
    ...(parts.ray ? ["KubeRay"] : []),
    ...(parts.kueue ? ["Kueue"] : []),
    ...(parts.workspaces ? ["Workspaces"] : []),
  ];
}

async function discover(client: KubeClient, signal: AbortSignal | undefined): Promise<Served> {
  const answer = record(await get(client, "/apis", signal, DISCOVERY));
  if (answer["kind"] === "APIGroupDiscoveryList") return new Set(list(answer["items"]).flatMap(aggregated));
  const groups = list(answer["groups"]);
  const versions = groups.flatMap(({ versions }) => list(versions).map(({ groupVersion }) => text(groupVersion) ?? ""));
  const kinds = versions
    .filter((version) => LOOKED_INTO.includes(version))
    .map(async (version) => {
      // A version that goes while we ask is none.
      const found = record(await unless([404], get(client, `/apis/${version}`, signal)));
      return list(found["resources"]).map(({ kind }) => `${version}/${text(kind) ?? ""}`);
    });
  return new Set([...groups.map(({ name }) => text(name) ?? ""), ...(await Promise.all(kinds)).flat()]);
}

function aggregated(group: Json): readonly string[] {
  const name = text(record(group["metadata"])["name"]) ?? "";
  const kinds = list(group["versions"]).flatMap(({ version, resources }) =>
    list(resources).map(
      ({ responseKind }) => `${name}/${text(version) ?? ""}/${text(record(responseKind)["kind"]) ?? ""}`,
    ),
  );
  return [name, ...kinds];
}

/** The data of a ConfigMap that all signed-in people may read; undefined where there is none, or they may not. */
async function publicData(
  client: KubeClient,
  namespace: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Json | undefined> {
  const found = await unless([403, 404], get(client, `/api/v1/namespaces/${namespace}/configmaps/${name}`, signal));
  return found === undefined ? undefined : record(record(found)["data"]);
}

function versionIn(data: Json | undefined, key: string): string | undefined {
  const version = label(text(data?.[key]) ?? "", 30).replace(/^v(?=\d)/, "");
  return version === "" ? undefined : version;
}

function get(client: KubeClient, path: string, signal: AbortSignal | undefined, accept?: string): Promise<unknown> {
  return client.json<unknown>({ method: "GET", path, signal, ...(accept === undefined ? {} : { accept }) });
}

async function unless<T>(statuses: readonly number[], answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error) && statuses.includes(error.status)) return undefined;
    throw error;
  }
}
