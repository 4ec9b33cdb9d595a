import { randomBytes, randomUUID } from "node:crypto";
import { errorText, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { wrap } from "../core/text.ts";
import {
  adminStep,
  buildManifests,
  checkObject,
  CONFIG_MAPS,
  type ConfigMap,
  emptyFields,
  INSTALL_COMMAND,
  type KindFinder,
  LAUNCH_ID_LABEL,
  launchFailure,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  type Manifest,
  type ManifestSite,
  missingCode,
  type Objection,
  OWNER_LABEL,
  type ReadManifest,
  readObject,
  readSchema,
  refusals,
  type RunPlan,
  without,
  withoutServerFields,
} from "../jobs/index.ts";
import { yamlOf } from "../kube/anyObject.ts";
import type { KubeClient, WriteOptions } from "../kube/client.ts";
import { ApiError, isApiError } from "../kube/errors.ts";
import type { KubeObject, OwnerReference, ResourceKind } from "../kube/objects.ts";
import { EXPERIMENT, INFERENCE_SERVICE, NAMESPACE, RAY_JOB } from "../kubeflow/kinds/resources.ts";
import { OUR_ANNOTATIONS } from "../kubeflow/labels.ts";
import { type Json, record } from "../kubeflow/read.ts";
import { EXPERIMENT_TEMPLATE } from "./experiment.ts";
import { answer, type Answers } from "./fields.ts";
import { LLM_TEMPLATE, MODEL_TEMPLATE } from "./inferenceService.ts";
import { readParameters } from "./parameters.ts";
import { RAY_TEMPLATE } from "./rayJob.ts";
import type { Template, TemplateKind, TemplateObject } from "./template.ts";
import { NO_EXPERIMENT, trialOf } from "./trial.ts";

export type TemplateManifest = Manifest<TemplateKind>;

/** An object that the cluster has looked at. */
export interface CheckedTemplate extends ManifestSite {
  /** Errors, with which it is not made, and warnings. */
  readonly findings: readonly Objection[];
  /** What is sent. */
  readonly object: TemplateObject;
  /** Code that goes along. */
  readonly code: readonly ConfigMap[];
  /** An Apply of this very text has made it, and did not hear so: the next one takes it up. */
  readonly isMade: boolean;
}

const TEMPLATES: readonly Template[] = [EXPERIMENT_TEMPLATE, MODEL_TEMPLATE, LLM_TEMPLATE, RAY_TEMPLATE];

const RESOURCES: Readonly<Record<TemplateKind, ResourceKind>> = {
  Experiment: EXPERIMENT,
  InferenceService: INFERENCE_SERVICE,
  RayJob: RAY_JOB,
};

const findKind: KindFinder<TemplateKind> = (kind) => {
  const known = TEMPLATES.find((template) => template.kind === kind)?.kind;
  return known && { kind: known, resource: RESOURCES[known] };
};

/** Of codes and ids, the last ones. */
const MOST_KEPT = 20;
const METRICS_LABEL = "katib.kubeflow.org/metrics-collector-injection";

/** What is made from templates: the text, what the cluster says of it, and the object. */
export class TemplateDesk {
  readonly #owner: string;
  readonly #version: string;
  /** Code of trials, by the id that their experiment carries. */
  readonly #codes = new Map<string, readonly ConfigMap[]>();
  /** Ids of objects, by their place and text, until they are known to be made. */
  readonly #ids = new Map<string, string>();

  readonly templates = TEMPLATES;

  constructor(owner: string, version: string) {
    this.#owner = owner;
    this.#version = version;
  }

  /** The object of answered questions as YAML. */
  text(template: Template, answers: Answers, namespace: string): string {
    return written([], template.build(answers, namespace));
  }

  /**
   * An experiment whose trials run a script. Its code goes along when the text is applied from here. Throws UserError
   * `no-trial`, `no-runtime`.
   */
  async experimentOfRun(answers: Answers, plan: RunPlan, isBatch: boolean): Promise<string> {
    const name = answer(answers, "name");
    const { spec, snapshot } = plan;
    if (snapshot.tier === "volume")
      throw new UserError("no-trial", NO_EXPERIMENT, {
        why: "The script’s code is larger than what every trial can be handed.",
        hint: "Put it into an image, and make the experiment from the YAML of a job on that.",
      });
    const made = await buildManifests({ ...spec, name }, snapshot, this.#version);
    const trial = trialOf(record(made.job), namesOf(answers), isBatch);
    const object = EXPERIMENT_TEMPLATE.build(answers, spec.namespace, trial);
    keep(this.#codes, spec.id, made.code);
    const notes = [`Trials run ${label(snapshot.script)}. Its code is not in this text: this window sends it along.`];
    return written(notes, {
      ...object,
      metadata: { ...object.metadata, annotations: { [LAUNCH_ID_LABEL]: spec.id } },
    });
  }

  /** An experiment whose trials are as a job that there is. Throws UserError `no-trial`. */
  experimentOfJob(answers: Answers, job: Json, namespace: string): string {
    const own = withoutServerFields(job);
    const trial = trialOf(own, namesOf(answers));
    const named = JSON.stringify(own).includes("-code-")
      ? ["Where its code belongs to a job that was launched, that job must stay as long as the experiment runs."]
      : [];
    return written(named, EXPERIMENT_TEMPLATE.build(answers, namespace, trial));
  }

  /** An object of a template's kind in a YAML text. */
  read(text: string): ReadManifest<TemplateKind> {
    return readObject(text, findKind);
  }

  /** The template whose rows an object stands among. */
  templateOf(kind: TemplateKind): Template {
    const found = TEMPLATES.find((template) => template.kind === kind);
    if (found === undefined) throw new Error(`No template makes a ${kind}.`);
    return found;
  }

  /**
   * What the cluster says of it, by its schema and then by a dry run; stores nothing. Rejects with UserError where it says
   * nothing of the text (rights, quota, no such kind), ConnectError or CancelledError.
   */
  async check(
    { value, job }: TemplateManifest,
    site: ManifestSite,
    client: KubeClient,
    signal?: AbortSignal,
  ): Promise<CheckedTemplate> {
    const { kind, metadata } = job;
    const resource = RESOURCES[kind];
    const failure = (error: unknown): Error => this.#failure(error, job, site);
    const unlessForbidden =
      <T>(instead: T) =>
      (error: unknown): T => {
        // Who may not read it hears of it from the dry run.
        if (isApiError(error) && error.status === 403) return instead;
        throw failure(error);
      };
    const schema = await readSchema(client, resource, signal).catch(unlessForbidden<Json>({}));
    const said = checkObject(without(value, emptyFields(value, schema)), schema);
    const unknown = said.flatMap(({ path, isWarning }) => (isWarning ? [path] : []));
    const bare = without(job, [...unknown, ...emptyFields(job, schema)]);
    const labels = { ...metadata.labels, [MANAGED_BY_LABEL]: MANAGED_BY, [OWNER_LABEL]: this.#owner };
    const annotations: Readonly<Record<string, string>> = {
      ...bare.metadata.annotations,
      [OUR_ANNOTATIONS.apply]: this.#idOf(JSON.stringify([site.context, site.namespace, bare])),
    };
    const object = { ...bare, metadata: { ...bare.metadata, namespace: site.namespace, labels, annotations } };
    const code = (this.#codes.get(annotations[LAUNCH_ID_LABEL] ?? "") ?? []).map((map) => ({
      ...map,
      metadata: { ...map.metadata, namespace: site.namespace },
    }));
    const checked = { ...site, object, code, isMade: false };
    if (said.some(({ isWarning }) => !isWarning)) return { ...checked, findings: said };
    const there = await client
      .find(resource, metadata.name, site.namespace, signal)
      .catch(unlessForbidden<KubeObject | undefined>(undefined));
    if (there !== undefined && isSame(there, object)) return { ...checked, findings: said, isMade: true };
    if (there !== undefined) return { ...checked, findings: [...said, taken(object)] };
    const missing = code.length > 0 ? [] : await missingCode(client, object, site.namespace, signal);
    const unread = kind === "Experiment" ? await unreadMetrics(client, site.namespace, signal) : [];
    const findings = [...said, ...missing, ...unread];
    try {
      for (const map of code) await createCode(client, map, { dryRun: true, signal });
      await client.create<KubeObject>(resource, object, { dryRun: true, signal });
    } catch (error) {
      if (isApiError(error, "AlreadyExists")) findings.push(taken(object));
      else if (!/does not support dry run/.test(String(error))) findings.push(...refusals(error, failure));
    }
    return { ...checked, findings };
  }

  /**
   * Makes it, never in place of another, and then its code, which so has an owner from the start: until it is there, the
   * kubelet holds back what mounts it. Its uid. Rejects with UserError: nothing of it is left then, except with
   * `maybe-made`, `code-missing` (the same text applied again goes on with it) and `code-stays`; or with ConnectError,
   * CancelledError.
   */
  async apply({ object, code, ...site }: CheckedTemplate, client: KubeClient, signal?: AbortSignal): Promise<string> {
    const { name, namespace } = object.metadata;
    const resource = RESOURCES[object.kind];
    const made = await client.create<KubeObject>(resource, object, { signal }).catch(async (error: unknown) => {
      // Where an answer was lost, now or the time before, it may be there.
      const there = await client.find(resource, name, namespace).catch(() => "not asked" as const);
      if (there === "not asked" && !isAnswer(error))
        throw new UserError("maybe-made", `${label(name, 63)} may have been made.`, {
          why: "The cluster did not say, and cannot be asked.",
          hint: `Look for it in ${namespace}. Where it is there, the same text applied again goes on with it.`,
          cause: error,
        });
      if (typeof there === "object" && isSame(there, object)) return there;
      throw this.#failure(error, object, site);
    });
    await this.#sendCode(made, { object, code, ...site }, client);
    this.#forget(object);
    return made.metadata.uid ?? "";
  }

  /** Whole, whether or not a person has cancelled meanwhile: what runs needs it. */
  async #sendCode(
    { metadata: { uid = "" } }: KubeObject,
    { object, code, ...site }: Omit<CheckedTemplate, "findings" | "isMade">,
    client: KubeClient,
  ): Promise<void> {
    const { name, namespace } = object.metadata;
    const { group, version, kind } = RESOURCES[object.kind];
    const reference = { apiVersion: `${group}/${version}`, kind, name, uid };
    const alien: { readonly name: string; readonly error: unknown }[] = [];
    for (const map of code)
      try {
        const owned = { ...map, metadata: { ...map.metadata, ownerReferences: [reference] } };
        if (await createCode(client, owned, {})) continue;
        await shareCode(client, owned, reference).catch((error: unknown) => {
          alien.push({ name: map.metadata.name, error });
        });
      } catch (error) {
        const isUndone = isAnswer(error) && (await wasDeleted(client, object, uid));
        if (!isUndone)
          throw new UserError("code-missing", `${label(name, 63)} was made, but not all of its code.`, {
            why: label(errorText(error), 300),
            hint: "Its trials wait for that: apply the same text again, or delete it.",
            cause: error,
          });
        this.#forget(object);
        throw this.#failure(error, object, site);
      }
    const [first] = alien;
    if (first === undefined) return;
    this.#forget(object);
    throw new UserError("code-stays", `${label(name, 63)} was made, but its code does not belong to it.`, {
      why: `${alien.map((one) => one.name).join(", ")} of ${namespace ?? ""} could not be handed to it.`,
      hint: "It may go before with another experiment that has it, or stay when this one has gone.",
      cause: first.error,
    });
  }

  /** Four characters, new each time. */
  newId(): string {
    return randomBytes(2).toString("hex");
  }

  /** The cluster lacks what a template needs. */
  missingPart({ part, title }: Template, context: string): UserError {
    const next = part.isShipped ? [{ title: "Install Kubeflow…", command: INSTALL_COMMAND, args: [context] }] : [];
    return new UserError("no-kind", `${title}: nothing was made.`, {
      why: `${label(context, 60)} has no ${part.name}.`,
      ...(part.isShipped ? {} : { hint: `An administrator installs ${part.name} by its own chart.` }),
      next,
    });
  }

  /** The same until it is known to be made: so an object is known again whose making was not heard of. */
  #idOf(text: string): string {
    const id = this.#ids.get(text) ?? randomUUID();
    keep(this.#ids, text, id);
    return id;
  }

  #forget(object: KubeObject): void {
    for (const [text, id] of this.#ids)
      if (id === object.metadata.annotations?.[OUR_ANNOTATIONS.apply]) this.#ids.delete(text);
  }

  #failure(error: unknown, { kind, metadata: { name } }: TemplateObject, site: ManifestSite): Error {
    const template = this.templateOf(kind);
    const what = `${label(name, 63)} was not made.`;
    if (isApiError(error, "AlreadyExists"))
      return new UserError("name-taken", what, {
        why: `${site.namespace} has another ${kind} of that name, which was left alone.`,
        hint: "Give this one a name of its own.",
        cause: error,
      });
    // A path that the server does not serve: 404 without the name of an object.
    if (error instanceof ApiError && error.status === 404 && (error.details?.name ?? "") === "")
      return this.missingPart(template, site.context);
    const explained = launchFailure(error, { ...site, name, what });
    // What is asked of an administrator is not what a training job needs.
    if (!(explained instanceof UserError) || !["no-rights", "pod-security"].includes(explained.code)) return explained;
    const next = explained.code === "no-rights" ? [adminStep(site, template.what)] : [];
    return new UserError(explained.code, explained.message, { next, cause: error });
  }
}

/** Katib reads metrics only where its namespace is labelled (katib v0.19.0: manifests/v1beta1/components/webhook); a profile is. */
async function unreadMetrics(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly Objection[]> {
  // Who may not read it finds out from the trials.
  const found = await client.find(NAMESPACE, namespace, undefined, signal).catch((error: unknown) => {
    if (isApiError(error)) return undefined;
    throw error;
  });
  if (found === undefined || found.metadata.labels?.[METRICS_LABEL] === "enabled") return [];
  const text = `Katib would read no metric there: the namespace ${namespace} lacks the label ${METRICS_LABEL}=enabled.`;
  return [{ path: ["metadata", "namespace"], text, isWarning: true }];
}

/** False where it is there already, with the same code: it is immutable, and named after its launch. */
async function createCode(client: KubeClient, map: ConfigMap, options: WriteOptions): Promise<boolean> {
  try {
    await client.create<KubeObject>(CONFIG_MAPS, map, options);
    return true;
  } catch (error) {
    if (isApiError(error, "AlreadyExists")) return false;
    throw error;
  }
}

/** Of another experiment of the same text, or of an Apply that was not heard of. */
async function shareCode(client: KubeClient, { metadata }: ConfigMap, reference: OwnerReference): Promise<void> {
  const { name, namespace } = metadata;
  const there = await client.get(CONFIG_MAPS, name, namespace);
  const owners = there.metadata.ownerReferences ?? [];
  if (owners.some(({ uid }) => uid === reference.uid)) return;
  await client.patch(CONFIG_MAPS, name, namespace, { metadata: { ownerReferences: [...owners, reference] } });
}

async function wasDeleted(client: KubeClient, { kind, metadata }: TemplateObject, uid: string): Promise<boolean> {
  return client.delete(RESOURCES[kind], metadata.name, metadata.namespace, uid).then(
    () => true,
    // What is left is told.
    () => false,
  );
}

/** The cluster has said no: nothing was made. */
function isAnswer(error: unknown): boolean {
  return error instanceof ApiError && error.status < 500;
}

function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  kept.set(key, value);
  for (const old of [...kept.keys()].slice(0, -MOST_KEPT)) kept.delete(old);
}

function namesOf(answers: Answers): readonly string[] {
  const read = readParameters(answer(answers, "parameters"));
  return typeof read === "string" ? [] : read.map(({ name }) => name);
}

/** Made by the same Apply. */
function isSame({ metadata: { annotations, deletionTimestamp } }: KubeObject, { metadata }: TemplateObject): boolean {
  const id = metadata.annotations?.[OUR_ANNOTATIONS.apply];
  return id !== undefined && annotations?.[OUR_ANNOTATIONS.apply] === id && deletionTimestamp === undefined;
}

function taken({ kind, metadata: { name, namespace = "" } }: TemplateObject): Objection {
  const text = `${namespace} has another ${kind} ${name} already; give this one a name of its own.`;
  return { path: ["metadata", "name"], text, isWarning: false };
}

function written(notes: readonly string[], object: TemplateObject): string {
  // The first line names the tab. No ’ here: the editor marks those in YAML as characters that may be confused.
  const whose = `${object.kind} ${object.metadata.name}`;
  const how = "Change what you like: Launch Manifest, top right, checks and makes it.";
  const lines = [whose, ...notes, how];
  return `${lines.map((line) => `# ${wrap(line).replaceAll("\n", "\n# ")}\n`).join("")}${yamlOf(object)}`;
}
