import { createHash } from "node:crypto";
import { UserError } from "../core/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { yamlOf } from "../kube/anyObject.ts";
import { ApiError, isApiError } from "../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../kube/objects.ts";
import { kindOf } from "../kubeflow/jobKinds.ts";
import { CLAIM } from "../kubeflow/kinds/resources.ts";
import { type Json, record } from "../kubeflow/read.ts";
import { jobDeleted } from "./cluster.ts";
import { convertToTrainJob, withoutServerFields } from "./convert.ts";
import type { RunPlan } from "./desk.ts";
import type { LaunchEntry } from "./journal.ts";
import { LAUNCH_ID_LABEL, MANAGED_BY, MANAGED_BY_LABEL, MANIFEST_ANNOTATION, OWNER_LABEL } from "./labels.ts";
import { launchFailure } from "./launchErrors.ts";
import type { LaunchedJob, Launcher } from "./launcher.ts";
import { type Manifest, readManifest, refusedFields } from "./manifestDocument.ts";
import { CODE_NAME } from "./manifests/index.ts";
import { isSuspended, manifestText, suspendPath } from "./manifestText.ts";
import { cannotDryRun } from "./preflight.ts";
import { renamed } from "./renamed.ts";
import { checkObject, emptyFields, type Objection, type Path, readJobSchema, without } from "./schema.ts";
import { type LaunchKind, newLaunchId, suggestName } from "./spec.ts";
import { CONFIG_MAPS, type JobObject } from "./types.ts";

/** Where a manifest is to run, as the person has chosen. */
export interface ManifestSite {
  readonly context: string;
  readonly namespace: string;
}

/** A manifest that the cluster has looked at. */
export interface CheckedManifest extends ManifestSite {
  /** Errors, with which it is not launched, and warnings. */
  readonly findings: readonly Objection[];
  /** What is sent: without what the cluster does not know, under its launch id. */
  readonly job: JobObject;
  /** The run whose code goes along. */
  readonly plan?: RunPlan;
  /** It was launched already, by this very text. */
  readonly launched?: LaunchedJob;
  /** What is left of a launch of this text, which is taken up. */
  readonly left?: LaunchEntry;
}

const KEPT_PLANS = 20;

/** Manifests as YAML: of planned runs, converted, and written by a person. */
export class ManifestDesk {
  readonly #o: {
    readonly launcher: Launcher;
    readonly owner: string;
    readonly version: string;
  };
  readonly #plans = new Map<string, RunPlan>();

  // Plain functions of this feature, for callers that load the engine lazily and so must not import them.
  readonly read = readManifest;
  readonly schema = readJobSchema;
  readonly convert = convertToTrainJob;
  readonly asWritten = (job: Json): string => yamlOf(withoutServerFields(job));

  constructor(options: { readonly launcher: Launcher; readonly owner: string; readonly version: string }) {
    this.#o = options;
  }

  /** The run's job as YAML. */
  preview(plan: RunPlan): string {
    return manifestText(plan, this.#o.version);
  }

  /** The same to be opened: its code goes along when that is launched from here. */
  text(plan: RunPlan): string {
    this.#plans.set(plan.spec.id, plan);
    for (const id of [...this.#plans.keys()].slice(0, -KEPT_PLANS)) this.#plans.delete(id);
    return this.preview(plan);
  }

  /**
   * What the cluster says of it, by its schema and then by a dry run; stores nothing. Rejects with UserError where it says
   * nothing of the text (rights, quota, no such kind), ConnectError or CancelledError.
   */
  async check(
    manifest: Manifest,
    site: ManifestSite,
    client: KubeClient,
    signal?: AbortSignal,
  ): Promise<CheckedManifest> {
    const { job: written } = manifest;
    const failure = (error: unknown): Error => launchFailure(error, { ...site, name: written.metadata.name });
    const schema = await readJobSchema(client, written.kind, signal).catch((error: unknown) => {
      // Who may not read it still has the server's own words.
      if (isApiError(error) && error.status === 403) return {};
      throw failure(error);
    });
    const plan = this.#planOf(written);
    const value = without(manifest.value, emptyFields(manifest.value, schema));
    const said = [...checkObject(value, schema), ...(plan === undefined ? [] : notHeld(written))];
    const unknown = said.flatMap(({ path, isWarning }) => (isWarning ? [path] : []));
    const bare = without(written, [...unknown, ...emptyFields(written, schema)]);
    const text = this.#digest(bare, site);
    const sent = (own: RunPlan | undefined): CheckedManifest => ({
      ...{ ...site, findings: said, job: this.#sent(bare, site, text, own) },
      ...(own === undefined ? {} : { plan: own }),
    });
    if (said.some(({ isWarning }) => !isWarning)) return sent(plan);
    const { resource } = kindOf(written.kind);
    const { name } = written.metadata;
    const there = await client.find<KubeObject>(resource, name, site.namespace, signal).catch((error: unknown) => {
      // Who may not read it hears of it from the dry run.
      if (isApiError(error) && error.status === 403) return undefined;
      throw failure(error);
    });
    if (there !== undefined) {
      const known = await this.#launched(there, written.kind, text, plan);
      return "path" in known ? { ...sent(plan), findings: [...said, known] } : { ...sent(plan), ...known };
    }
    const checked = sent(await this.#anew(plan));
    const missing = plan === undefined ? await missingCode(client, checked.job, site.namespace, signal) : [];
    const findings = [...said, ...missing];
    try {
      await client.create<KubeObject>(resource, checked.job, { dryRun: true, signal });
    } catch (error) {
      if (isApiError(error, "AlreadyExists")) findings.push(nameTaken(checked.job));
      else if (!cannotDryRun(error)) findings.push(...refusals(error, failure));
    }
    return { ...checked, findings };
  }

  /** Exactly once. Rejects as `Launcher.launch`. */
  async launch(
    checked: CheckedManifest,
    client: KubeClient,
    signal?: AbortSignal,
    tell?: (text: string) => void,
  ): Promise<LaunchedJob> {
    const { job, plan, context, namespace, launched, left } = checked;
    const { launcher } = this.#o;
    if (launched !== undefined) return launched;
    if (left !== undefined) {
      const outcome = await launcher.resume(left, client, signal, "start");
      if (outcome.kind === "started") return outcome.job;
      throw jobDeleted(left.name);
    }
    if (plan === undefined) return launcher.create(job, context, client, signal);
    return launcher.launch({ ...plan.spec, context, namespace }, plan.snapshot, client, signal, undefined, tell, job);
  }

  /** A job that a person wrote, checked once more under a new name. Rejects as `check`, and with UserError `bad-manifest`. */
  async again({ job, spec }: LaunchEntry, client: KubeClient, signal?: AbortSignal): Promise<CheckedManifest> {
    const what = `${spec.name} was not launched again.`;
    if (job === undefined) throw new UserError("bad-manifest", what, { why: "Its manifest is not kept." });
    const id = newLaunchId();
    const fresh = renamed(job, spec, { ...spec, id, name: suggestName(spec.name.replace(/-[0-9a-f]{4}$/, ""), id) });
    const place = { line: 0, from: 0, to: 0 };
    const manifest: Manifest = { value: record(fresh), job: fresh, others: 0, place: () => place };
    const { context, namespace } = spec;
    const checked = await this.check(manifest, { context, namespace }, client, signal);
    const wrong = checked.findings.find(({ isWarning }) => !isWarning);
    if (wrong !== undefined) throw new UserError("bad-manifest", what, { why: wrong.text });
    return checked;
  }

  /** True where it is of a run that is planned for that place: the person has chosen it. */
  isPlannedFor({ job }: Manifest<string>, { context, namespace }: ManifestSite): boolean {
    const spec = this.#planOf(job)?.spec;
    return spec?.context === context && spec.namespace === namespace;
  }

  /** A run whose manifest this is: of its launch id, kind and name. */
  #planOf({ kind, metadata: { name, labels } }: JobObject<string>): RunPlan | undefined {
    const plan = this.#plans.get(labels?.[LAUNCH_ID_LABEL] ?? "");
    return plan?.spec.kind === kind && plan.spec.name === name ? plan : undefined;
  }

  /** Where the plan was launched and its job has gone, the same as another launch: the journal keeps the first. */
  async #anew(plan: RunPlan | undefined): Promise<RunPlan | undefined> {
    if (plan === undefined || (await this.#o.launcher.known(plan.spec.id)) === undefined) return plan;
    return { ...plan, spec: { ...plan.spec, id: newLaunchId() } };
  }

  /** By which the same text for the same place is known again. */
  #digest(written: JobObject, { context, namespace }: ManifestSite): string {
    const text = JSON.stringify([this.#o.owner, context, namespace, written]);
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
  }

  /** Under a launch id of its own; what it may say of an earlier launch is not its own. */
  #sent(written: JobObject, { namespace }: ManifestSite, text: string, plan: RunPlan | undefined): JobObject {
    const id = plan?.spec.id ?? newLaunchId();
    const before = this.#plans.get(written.metadata.labels?.[LAUNCH_ID_LABEL] ?? "")?.spec;
    const job =
      plan === undefined || before === undefined || before.id === id ? written : renamed(written, before, plan.spec);
    const { metadata } = job;
    const ours = { [LAUNCH_ID_LABEL]: id, [OWNER_LABEL]: this.#o.owner, [MANAGED_BY_LABEL]: MANAGED_BY };
    const labels = { ...metadata.labels, ...ours };
    const annotations = { ...metadata.annotations, [MANIFEST_ANNOTATION]: text };
    return { ...job, metadata: { ...metadata, namespace, labels, annotations } };
  }

  /** What an object of the name is: this text's, or what is left of a launch of it, or in the way. */
  async #launched(
    there: KubeObject,
    kind: LaunchKind,
    text: string,
    plan: RunPlan | undefined,
  ): Promise<Pick<CheckedManifest, "launched" | "left"> | Objection> {
    const { name, namespace = "", labels = {}, annotations, uid = "", deletionTimestamp } = there.metadata;
    const { [LAUNCH_ID_LABEL]: id = "", [OWNER_LABEL]: owner } = labels;
    const isText = owner === this.#o.owner && annotations?.[MANIFEST_ANNOTATION] === text;
    const wrong = (said: string): Objection => ({ path: ["metadata", "name"], text: said, isWarning: false });
    if (!isText && (id === "" || id !== plan?.spec.id)) return nameTaken({ kind, metadata: { name, namespace } });
    if (deletionTimestamp !== undefined) return wrong(`${name} was being deleted a moment ago.`);
    const launched = { kind, id, name, namespace, uid };
    const known = await this.#o.launcher.known(id);
    if (known === undefined || known.entry.step === "started" || !kindOf(kind).isUnstarted(there)) return { launched };
    if (known.isBusy) return wrong(`${name} is being launched at this moment.`);
    if (known.entry.intent === "undo")
      return wrong(`An earlier launch of ${name} is being removed; try again in a minute.`);
    return { left: known.entry };
  }
}

function nameTaken({ kind, metadata: { name, namespace = "" } }: Pick<JobObject, "kind" | "metadata">): Objection {
  const text = `${namespace} has another ${kind} ${name} already; give this one a name of its own.`;
  return { path: ["metadata", "name"], text, isWarning: false };
}

function notHeld(job: JobObject): readonly Objection[] {
  if (!isSuspended(job)) return [];
  const path = suspendPath(job);
  return [
    { path, text: "A run whose code goes along starts once that is there: leave suspend out.", isWarning: false },
  ];
}

/** What a refusal says of the text; thrown where it says nothing of it. */
export function refusals(error: unknown, failure: (error: unknown) => Error): readonly Objection[] {
  if (!(error instanceof ApiError)) throw failure(error);
  const isOfText = error.status === 422 || error.status === 400 || /denied (?:the )?request/.test(error.message);
  if (!isOfText) throw failure(error);
  const fields = refusedFields(error.message, error.details?.causes);
  if (fields.length > 0) return fields;
  return [{ path: [], text: failure(error).message, isWarning: false }];
}

/** What we put code into, and it names, and that is not there: it would wait for it for ever. */
export async function missingCode(
  client: KubeClient,
  job: { readonly spec: object },
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly Objection[]> {
  const named = new Map([...codeNames(job.spec, ["spec"])].reverse().map((code) => [code.name, code]));
  const findings: Objection[] = [];
  for (const { kind, name, path } of [...named.values()].reverse()) {
    // Who may not read it finds out from the pods.
    const found = client.find<KubeObject>(kind, name, namespace, signal).catch(unlessForbidden);
    if ((await found) !== undefined) continue;
    const text = `Its code is missing: ${namespace} has no ${kind.kind} ${name}. It goes along only from the window that made this text, under the same name; open the manifest of a new run.`;
    findings.push({ path, text, isWarning: false });
  }
  return findings;
}

function unlessForbidden(error: unknown): true {
  if (isApiError(error) && error.status === 403) return true;
  throw error;
}

interface CodeName {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly path: Path;
}

/** Fields of volumes that name what code may be in. */
const CODE_FIELDS: Readonly<Record<string, readonly [kind: ResourceKind, field: string]>> = {
  configMap: [CONFIG_MAPS, "name"],
  persistentVolumeClaim: [CLAIM, "claimName"],
};

function* codeNames(value: unknown, path: Path): Generator<CodeName> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const at = [...path, key];
    const [kind, field = ""] = CODE_FIELDS[key] ?? [];
    const name = record(part)[field];
    if (kind !== undefined && typeof name === "string" && CODE_NAME.test(name))
      yield { kind, name, path: [...at, field] };
    else yield* codeNames(part, at);
  }
}
