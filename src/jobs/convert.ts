// A PyTorchJob as a TrainJob (trainer v2.3.0: docs/operator-guides/migration.md), and what of it has no place there.
import { label } from "../core/sanitize.ts";
import { plural, wrap } from "../core/text.ts";
import { yamlOf } from "../kube/anyObject.ts";
import { PYTORCH_CONTAINER } from "../kubeflow/kinds/pytorchJob.ts";
import { NODE_CONTAINER } from "../kubeflow/kinds/trainJob.ts";
import { type Json, list, number, record, text } from "../kubeflow/read.ts";
import { MANAGED_BY_LABEL } from "./labels.ts";
import { CODE_NAME } from "./manifests/index.ts";
import { patchPods } from "./manifests/trainJob.ts";
import { schemaAt, without } from "./schema.ts";
import type { RuntimeUse } from "./spec.ts";

/** What a TrainJob has no field for, and what is so instead. */
const RUN_POLICY: Readonly<Record<string, string>> = {
  backoffLimit: "how often it is tried again is up to the runtime",
  cleanPodPolicy: "its pods stay until it is deleted",
  ttlSecondsAfterFinished: "it stays until somebody deletes it",
  schedulingPolicy: "whether its pods start together is up to the runtime",
  activeDeadlineSeconds: "this Trainer knows no deadline",
};
/** Trainer sets them itself, and refuses them (pkg/runtime/framework/plugins/torch). */
const RESERVED = /^PET_(?:NNODES|NPROC_PER_NODE|NODE_RANK|MASTER_ADDR|MASTER_PORT)$/;
const STARTERS = /torchrun|torch\.distributed|accelerate|deepspeed|mpirun/;
const RENDEZVOUS = /\$\(?\{?(?:MASTER_ADDR|MASTER_PORT|WORLD_SIZE|RANK)\b/;
const MULTIKUEUE = "kueue.x-k8s.io/multikueue";
/** Said in another way, or the same for every job. */
const SAID_OTHERWISE = ["name", "ports", "image", "command", "args", "env", "resources", "workingDir"];

/**
 * The TrainJob of the same name on this runtime, as YAML; comments before it say what could not be carried over.
 * `schema` is the cluster's own of a TrainJob. Pure.
 */
export function convertToTrainJob(job: Json, runtime: RuntimeUse, schema: Json): string {
  const notes: string[] = [];
  const { pytorchReplicaSpecs, runPolicy, elasticPolicy, nprocPerNode } = record(job["spec"]);
  const replicas = record(pytorchReplicaSpecs);
  const roles = ["Master", "Worker"].flatMap((role) => (role in replicas ? [record(replicas[role])] : []));
  const [lead = {}, other = lead] = roles;
  const nodes = roles.reduce((sum, one) => sum + (number(one["replicas"]) ?? 1), 0);
  const differs = differences(lead["template"], other["template"]);
  if (differs.length > 0) notes.push(`Worker has another ${differs.join(", ")}: all nodes are as the Master is.`);
  if (elasticPolicy !== undefined) notes.push(`elasticPolicy: a TrainJob has a fixed number of nodes, here ${nodes}.`);
  const restarts = [...new Set(roles.flatMap((one) => text(one["restartPolicy"]) ?? []))].join(", ");
  if (restarts !== "") notes.push(`restartPolicy ${restarts}: whether a pod starts again is up to the runtime.`);
  const { suspend, managedBy, ...policy } = record(runPolicy);
  const hasDeadline = "activeDeadlineSeconds" in record(schemaAt(schema, "spec")["properties"]);
  const deadline = hasDeadline ? policy["activeDeadlineSeconds"] : undefined;
  for (const [name, value] of Object.entries(policy))
    if (name !== "activeDeadlineSeconds" || !hasDeadline)
      notes.push(`${name} ${words(value)}: ${RUN_POLICY[name] ?? "a TrainJob has no field for it"}.`);
  const pod = record(record(lead["template"])["spec"]);
  const container = list(pod["containers"]).find(({ name }) => name === PYTORCH_CONTAINER) ?? {};
  const processes = processesOf(nprocPerNode ?? record(elasticPolicy)["nProcPerNode"], runtime, schema, notes);
  const trainer = trainerOf(container, nodes, processes, notes);
  const patched = podOf(pod, container, podSchema(schema, runtime), notes);
  const metadata = labelled(record(lead["template"])["metadata"]);
  const manifest = {
    apiVersion: "trainer.kubeflow.org/v1alpha1",
    kind: "TrainJob",
    metadata: metadataOf(record(job["metadata"])),
    spec: {
      ...(suspend === true && { suspend }),
      ...(managedBy === MULTIKUEUE && { managedBy }),
      ...(deadline === undefined ? {} : { activeDeadlineSeconds: deadline }),
      runtimeRef: { apiGroup: "trainer.kubeflow.org", kind: runtime.kind, name: runtime.name },
      trainer,
      ...(Object.keys(patched).length + Object.keys(metadata).length > 0 && patchPods(runtime, metadata, patched)),
    },
  };
  const { name } = manifest.metadata;
  const head = `The PyTorchJob ${label(String(name), 63)} as a TrainJob on ${runtime.kind} ${label(runtime.name, 63)}.`;
  const left =
    notes.length === 0
      ? ["All of it was carried over."]
      : ["Not carried over, or changed:", ...notes.map((note) => `- ${label(note, 400)}`)];
  return `${[head, ...left].map((line) => `# ${wrap(line).replaceAll("\n", "\n#   ")}\n`).join("")}${yamlOf(manifest)}`;
}

/** The job as a person wrote it: without its status and what only the server writes. */
export function withoutServerFields(job: Json): Json {
  const { apiVersion, kind, metadata, spec } = job;
  return { apiVersion, kind, metadata: metadataOf(record(metadata), false), spec };
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

function metadataOf({ name, namespace, labels, annotations }: Json, isNew = true): Json {
  const own = isNew ? labelled({ labels, annotations }) : { labels, annotations };
  return JSON.parse(JSON.stringify({ name, namespace, ...own })) as Json;
}

/** Labels and annotations that are not of the launch that made the other job. */
function labelled(metadata: unknown): { readonly labels?: Json; readonly annotations?: Json } {
  const kept = (part: unknown): Json =>
    Object.fromEntries(
      Object.entries(record(part)).filter(
        ([key]) => !key.startsWith("trainyard/") && key !== MANAGED_BY_LABEL && key !== LAST_APPLIED,
      ),
    );
  const { labels, annotations } = record(metadata);
  const [own, said] = [kept(labels), kept(annotations)];
  return {
    ...(Object.keys(own).length > 0 && { labels: own }),
    ...(Object.keys(said).length > 0 && { annotations: said }),
  };
}

/** Names of what is not the same in two pod templates: fields of the container `pytorch`, and those beside it. */
function differences(first: unknown, second: unknown): readonly string[] {
  const parts = (template: unknown): Json => {
    const { metadata, spec } = record(template);
    const { containers, ...pod } = record(spec);
    const container = list(containers).find(({ name }) => name === PYTORCH_CONTAINER) ?? {};
    const labels = labelled(metadata);
    return {
      ...pod,
      ...container,
      ...labels,
      name: undefined,
      sidecars: list(containers).filter(({ name }) => name !== PYTORCH_CONTAINER),
    };
  };
  const [one, other] = [parts(first), parts(second)];
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]));
}

/** Whole numbers alone, from 2.2 on. */
function processesOf(written: unknown, { policy }: RuntimeUse, schema: Json, notes: string[]): unknown {
  if (written === undefined || written === "auto") return undefined;
  const count = Number(written);
  const takesWords = schemaAt(schema, "spec", "trainer", "numProcPerNode")["x-kubernetes-int-or-string"] === true;
  if ((policy === "torch" || policy === "mpi") && (Number.isInteger(count) || takesWords))
    return Number.isInteger(count) ? count : written;
  notes.push(`nprocPerNode ${words(written)}: how many processes a node has is up to the runtime.`);
  return undefined;
}

function trainerOf(container: Json, nodes: number, processes: unknown, notes: string[]): Json {
  const { image, command, args, env, resources, workingDir } = container;
  const { limits, requests } = record(resources);
  const amounts = { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
  const names = list(env).flatMap(({ name }) => text(name) ?? []);
  const reserved = names.filter((name) => RESERVED.test(name));
  if (reserved.length > 0)
    notes.push(`${reserved.join(", ")}: Trainer sets ${reserved.length === 1 ? "it" : "them"} itself.`);
  const variables = list(env).filter(({ name }) => !RESERVED.test(String(name)));
  const said = JSON.stringify([command, args]);
  if (RENDEZVOUS.test(said) || (nodes > 1 && !STARTERS.test(said)))
    notes.push(
      "MASTER_ADDR, MASTER_PORT, WORLD_SIZE and RANK are not set by Trainer: torchrun sets them for the script that it starts.",
    );
  return {
    numNodes: nodes,
    ...(processes === undefined ? {} : { numProcPerNode: processes }),
    ...(image === undefined ? {} : { image }),
    ...commandOf(command, workingDir, notes),
    ...(args === undefined ? {} : { args }),
    ...(variables.length > 0 && { env: variables }),
    ...(Object.keys(amounts).length > 0 && { resourcesPerNode: amounts }),
  };
}

/** A TrainJob has no working folder: the command is started in it. */
function commandOf(command: unknown, workingDir: unknown, notes: string[]): Json {
  if (typeof workingDir !== "string") return command === undefined ? {} : { command };
  const isHere = Array.isArray(command);
  const instead = isHere ? ", so env -C (GNU coreutils 8.28) starts the command there" : "";
  notes.push(`workingDir ${workingDir}: a TrainJob has no field for it${instead}.`);
  return isHere ? { command: ["env", "-C", workingDir, ...(command as unknown[])] } : {};
}

function words(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The schema of what may be changed of a runtime's pods. */
function podSchema(schema: Json, { patches }: RuntimeUse): Json {
  const entry = schemaAt(schema, "spec", patches, "[]");
  if (patches === "podTemplateOverrides") return schemaAt(entry, "spec");
  const jobs = schemaAt(entry, "trainingRuntimeSpec", "template", "spec", "replicatedJobs", "[]");
  return schemaAt(jobs, "template", "spec", "template", "spec");
}

function podOf(pod: Json, container: Json, schema: Json, notes: string[]): Json {
  const { containers, initContainers, serviceAccount } = pod;
  const wanted: Json = {
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    // The operator itself overwrites how pods restart.
    ...without(pod, [["containers"], ["initContainers"], ["serviceAccount"], ["restartPolicy"]]),
  };
  for (const { name } of list(initContainers))
    notes.push(`Init container ${String(name)}: a TrainJob changes those of its runtime, and adds none.`);
  for (const { name } of list(containers))
    if (name !== PYTORCH_CONTAINER)
      notes.push(`Container ${String(name)} beside ${PYTORCH_CONTAINER}: a TrainJob adds none to its runtime’s.`);
  const known = record(schema["properties"]);
  const fields = without(
    wanted,
    Object.keys(wanted).flatMap((name) => (name in known ? [] : [[name]])),
  );
  // Of the node's container, variables are the trainer's: here they are refused.
  const inContainer = without(record(schemaAt(schema, "containers", "[]")["properties"]), [["env"], ["name"]]);
  const own = without(
    container,
    Object.keys(container).flatMap((name) => (name in inContainer ? [] : [[name]])),
  );
  const left = [
    ...Object.keys(wanted).filter((name) => !(name in known)),
    ...Object.keys(container).filter((name) => !(name in inContainer) && !SAID_OTHERWISE.includes(name)),
  ];
  if (left.length > 0)
    notes.push(`${left.join(", ")}: a TrainJob has no ${left.length === 1 ? "field for it" : "fields for them"}.`);
  const code = list(pod["volumes"])
    .flatMap(({ configMap }) => text(record(configMap)["name"]) ?? [])
    .filter((name) => CODE_NAME.test(name));
  if (code.length > 0)
    notes.push(
      `Its code stays in ${plural(new Set(code).size, "ConfigMap")} of the PyTorchJob, and goes with that when it is deleted.`,
    );
  return {
    ...fields,
    ...(Object.keys(own).length > 0 && { containers: [{ name: NODE_CONTAINER, ...own }] }),
  };
}
