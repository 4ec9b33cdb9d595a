import { randomBytes } from "node:crypto";
import path from "node:path";
import type { Step } from "../contract/preview.ts";
import type { Clock } from "../core/clock.ts";
import { CancelledError, errorText, isCancelled, UserError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { applyObject } from "./apply.ts";
import { labelled } from "./changes.ts";
import { existing, mustPass } from "./checks.ts";
import type { SecretStore } from "../core/storage.ts";
import { type KnownAccount, secretsFor, unknownAccounts } from "./accounts.ts";
import { gatesOf, reason, waitFor } from "./gates.ts";
import { runGraph } from "./graph.ts";
import { type TakenAlong, takenAlong } from "./instances.ts";
import { Kinds } from "./kinds.ts";
import { InstallLease } from "./lease.ts";
import { Limited } from "./limited.ts";
import type { ManifestTools } from "./manifests.ts";
import { refOf } from "./objects.ts";
import { installComponent, leaving } from "./oneComponent.ts";
import { settled } from "./people.ts";
import { type InstallPlan, makePlan, type PlannedComponent, type PrepareOptions, withSecrets } from "./plan.ts";
import { issuerOf, platformOf } from "./platform.ts";
import { clusterUid, type ComponentRecord, type InstallRecord, OWN_NAMESPACE, Records } from "./record.ts";
import type { Choice, Platform, Release } from "./release.ts";
import { isDone, joinedRecord } from "./progress.ts";
import { putNewPassword } from "./newPassword.ts";
import { stepsOf } from "./steps.ts";
import { uninstallAll, type UninstallOptions, type UninstallReport } from "./uninstall.ts";

export interface InstallerOptions {
  /** Of the cluster that all of this is about. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Folder of ours for journals and releases. */
  readonly storage: string;
  readonly releases: readonly Release[];
  readonly manifests: Omit<ManifestTools, "clock" | "cache">;
  /** Where the passwords of accounts that are made are kept. */
  readonly secrets: SecretStore;
}

/** How a component does that is installed. */
export interface ComponentHealth {
  readonly id: string;
  readonly title: string;
  readonly state: "healthy" | "unready" | "unfinished";
  /** Why it is not healthy, each with the object that it is about. */
  readonly reasons: readonly string[];
}

type OnSteps = (steps: readonly Step[]) => void;

/** Requests of one install that are under way at the same time. */
const AT_ONCE = 8;
const FOLLOW_MS = 1_500;

/**
 * Installs Kubeflow in one cluster: plans, runs, goes on, tells how it does, takes it away. One runs at a time in a
 * cluster; a second one, of another window or machine, follows the first and takes over where that one has gone.
 */
export class Installer {
  readonly #options: InstallerOptions;
  readonly #kinds: Kinds;
  readonly #holder = randomBytes(8).toString("hex");
  #records: Records | undefined;

  constructor(options: InstallerOptions) {
    this.#options = options;
    this.#kinds = new Kinds(options.client);
  }

  /** `held`: files that were shown before, and no others. Rejects as `makePlan`, and with UserError `unknown-release`. */
  plan(
    choice: Choice,
    signal: AbortSignal,
    more: Partial<Pick<PrepareOptions, "held" | "onStep">> = {},
  ): Promise<InstallPlan> {
    return this.#plan(choice, signal, more);
  }

  /**
   * Installs what was planned. Components that were finished before, and whose objects are the same, are not touched.
   * One that fails does not stop the others. Rejects with UserError `checks-failed`, `lease-lost`, or `install-failed`,
   * which names the first component that failed and why; with CancelledError, and can then go on where it stood.
   */
  async run(plan: InstallPlan, onSteps: OnSteps, signal: AbortSignal): Promise<void> {
    mustPass(plan.checks);
    const records = await this.#openRecords(signal);
    const cluster = await clusterUid(this.#options.client, signal);
    if (plan.cluster !== "" && plan.cluster !== cluster)
      throw new UserError("other-cluster", "Nothing was installed.", {
        why: "The context leads to another cluster now than the one that the plan was made for.",
        hint: "Plan again.",
      });
    await this.#ownNamespace(signal);
    await this.#alone(records, onSteps, signal, async (running) => {
      const before = await records.load(running);
      const current = await this.#current(await this.#withAccounts(plan, cluster, running), before, running);
      const record = joinedRecord(before, current, cluster);
      await this.#install(current, record, records, onSteps, running);
    });
  }

  /** Accounts are made by whoever holds the lease: another window may have made them since the plan. */
  async #withAccounts(plan: InstallPlan, cluster: string, signal: AbortSignal): Promise<InstallPlan> {
    const { people = [] } = plan.choice;
    if (people.length === 0) return plan;
    const { client, secrets } = this.#options;
    return withSecrets(plan, await secretsFor(client, secrets, cluster, people, signal));
  }

  /** What parts of a release differ by, told by the nodes; `any` where they may not be seen. Rejects as `KubeClient.list`. */
  platform(signal: AbortSignal): Promise<Platform> {
    return platformOf(this.#options.client, signal);
  }

  /** Stands for the cluster, whatever it is called: see clusterUid. */
  cluster(signal: AbortSignal): Promise<string> {
    return clusterUid(this.#options.client, signal);
  }

  /** The plan, looked at anew where another window has finished since what the plan has not found. */
  async #current(plan: InstallPlan, before: InstallRecord | undefined, signal: AbortSignal): Promise<InstallPlan> {
    const components: PlannedComponent[] = [];
    for (const one of plan.components) {
      const known = before?.components[one.component.id];
      const isOld = known?.state === "done" && known.hash === one.hash && one.existing.missing > 0;
      components.push(isOld ? { ...one, existing: await existing(this.#tools, one.objects, signal) } : one);
    }
    return { ...plan, components };
  }

  /** Goes on with what was begun in this cluster, with the very files that it was begun with. Rejects as `plan` and `run`. */
  async resume(onSteps: OnSteps, signal: AbortSignal): Promise<void> {
    const record = await this.unfinished(signal);
    if (record === undefined) throw new UserError("nothing-to-resume", "No install was begun in this cluster.");
    const held = (await this.journalled(signal))?.pin;
    await this.run(await this.#plan(record.choice, signal, { held }), onSteps, signal);
  }

  /** What was begun and not finished here, by this window or another; undefined where there is nothing. */
  async unfinished(signal: AbortSignal): Promise<InstallRecord | undefined> {
    const record = await this.installed(signal);
    const isOpen =
      record?.intent === "install" && Object.values(record.components).some(({ state }) => state !== "done");
    return isOpen ? record : undefined;
  }

  /** What was installed here by Trainyard, whoever did it; undefined too where nothing of it may be read. */
  async installed(signal: AbortSignal): Promise<InstallRecord | undefined> {
    try {
      return await (await this.#openRecords(signal)).load(signal);
    } catch (error) {
      if (isApiError(error, "Forbidden")) return undefined;
      throw error;
    }
  }

  /** What this computer has journalled of the cluster: what somebody here has agreed to. Rejects as `Records.own`. */
  async journalled(signal: AbortSignal): Promise<InstallRecord | undefined> {
    return (await this.#openRecords(signal)).own();
  }

  /** How every component does, by its own objects. Empty where nothing was installed. Rejects with ConnectError, ApiError. */
  async health(signal: AbortSignal): Promise<readonly ComponentHealth[]> {
    const record = await this.installed(signal);
    const limited = new Limited(AT_ONCE);
    const components = Object.entries(record?.components ?? {});
    return Promise.all(
      components.map(async ([id, { title, state, objects, detail }]): Promise<ComponentHealth> => {
        if (state !== "done") return { id, title, state: "unfinished", reasons: detail === "" ? [] : [detail] };
        const release = record === undefined ? undefined : this.#release(record.choice.release);
        const upstream = release?.components.find((one) => one.id === id);
        const waits =
          upstream === undefined || release === undefined || record === undefined
            ? undefined
            : settled(upstream, release, record.choice).waits;
        const gates = gatesOf(this.#tools, objects, waits);
        const found = await limited.all(gates, async (gate) => {
          const why = await reason(gate, signal);
          return why === undefined ? [] : [`${gate.what}: ${why}`];
        });
        const reasons = found.flat();
        return { id, title, state: reasons.length === 0 ? "healthy" : "unready", reasons };
      }),
    );
  }

  /** Who has a password in the cluster that was made on another computer. Rejects as `unknownAccounts`. */
  async elsewhere(signal: AbortSignal): Promise<readonly string[]> {
    const people = (await this.installed(signal))?.choice.people ?? [];
    if (people.length === 0) return [];
    const { client, secrets } = this.#options;
    return unknownAccounts(client, secrets, await clusterUid(client, signal), people, signal);
  }

  /**
   * Makes a new password for an account of the cluster, alone as an install is: the one before opens nothing any more once
   * this resolves. `say` is told what is waited for. Rejects as `putNewPassword`.
   */
  async newPassword(email: string, say: (what: string) => void, signal: AbortSignal): Promise<KnownAccount> {
    const { client, secrets } = this.#options;
    const records = await this.#openRecords(signal);
    const cluster = await clusterUid(client, signal);
    return this.#alone(
      records,
      () => say("Waiting for another window"),
      signal,
      (running) => putNewPassword({ ...this.#tools, secrets }, cluster, email, say, running),
    );
  }

  /** What an uninstall takes along that it did not bring. Rejects as `KubeClient.list`. */
  async takenAlong(signal: AbortSignal): Promise<TakenAlong> {
    const record = await this.installed(signal);
    if (record === undefined) return { kinds: [], namespaces: [] };
    return takenAlong({ ...this.#tools, limited: new Limited(AT_ONCE) }, record, signal);
  }

  /** Takes away what was installed; says what it left, and why. Rejects as `run`. */
  async uninstall(options: UninstallOptions, onSteps: OnSteps, signal: AbortSignal): Promise<UninstallReport> {
    const records = await this.#openRecords(signal);
    const before = await records.load(signal);
    if (before === undefined)
      throw new UserError("nothing-installed", "Trainyard has installed nothing in this cluster.");
    await this.#ownNamespace(signal);
    return this.#alone(records, onSteps, signal, async (running) => {
      const record: InstallRecord = { ...((await records.load(running)) ?? before), intent: "uninstall" };
      const save = (): Promise<void> => records.save(this.#stamped(record));
      await save();
      const report = await uninstallAll({ ...this.#tools, limited: new Limited(AT_ONCE) }, record, options, {
        save,
        onSteps: () => onSteps(stepsOf(record)),
        signal: running,
      });
      if (Object.keys(record.components).length === 0) await records.remove();
      return report;
    });
  }

  get #tools(): { readonly client: KubeClient; readonly clock: Clock; readonly kinds: Kinds } {
    const { client, clock } = this.#options;
    return { client, clock, kinds: this.#kinds };
  }

  #release(id: string): Release | undefined {
    return this.#options.releases.find((release) => release.id === id);
  }

  async #plan(
    choice: Choice,
    signal: AbortSignal,
    more: Partial<Pick<PrepareOptions, "held" | "onStep">>,
  ): Promise<InstallPlan> {
    const release = this.#release(choice.release);
    if (release === undefined)
      throw new UserError("unknown-release", `Kubeflow ${label(choice.release, 40)} is not known here.`);
    const { client, manifests, clock, storage } = this.#options;
    const tools = { ...this.#tools, manifests: { ...manifests, clock, cache: path.join(storage, "releases") } };
    const issuer = choice.platform === "eks" ? await issuerOf(client, signal) : undefined;
    const before = await this.installed(signal);
    // Who may not even read it may still plan, and send the request to somebody who may.
    const cluster = await clusterUid(client, signal).catch((error: unknown) => {
      if (isApiError(error, "Forbidden")) return "";
      throw error;
    });
    return makePlan(tools, release, choice, { ...more, issuer, cluster, before, signal });
  }

  async #openRecords(signal: AbortSignal): Promise<Records> {
    const { client, storage, log } = this.#options;
    this.#records ??= new Records(client, path.join(storage, "installs"), await clusterUid(client, signal), log);
    return this.#records;
  }

  /** Our own namespace, for the lease and the record; it may be on its way out after an uninstall. */
  async #ownNamespace(signal: AbortSignal): Promise<void> {
    const object = labelled({ apiVersion: "v1", kind: "Namespace", metadata: { name: OWN_NAMESPACE } }, "trainyard");
    const gate = {
      what: `namespace ${OWN_NAMESPACE}`,
      check: (s: AbortSignal) => leaving(this.#tools, refOf(object), s),
    };
    const quiet = { onWait: () => undefined, signal };
    await waitFor(this.#options, [gate], { what: gate.what, withinMs: 60_000, ...quiet });
    await applyObject(this.#tools, object, { adopt: true, ...quiet });
  }

  /** Runs work while we hold the cluster's lease; until then, what its holder does is shown. */
  async #alone<T>(
    records: Records,
    onSteps: OnSteps,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { client, clock, log } = this.#options;
    const lease = new InstallLease(client, clock, log, this.#holder);
    const lost = new AbortController();
    for (;;) {
      const held = await lease
        .take(() => lost.abort(), signal)
        .catch(async (error: unknown) => {
          // The window that held it has uninstalled everything, our namespace with it.
          if (!isApiError(error, "Forbidden") || !/being terminated/.test(error.message)) throw error;
          await this.#ownNamespace(signal);
          return undefined;
        });
      if (held !== undefined) {
        try {
          return await work(AbortSignal.any([signal, lost.signal]));
        } catch (error) {
          if (!lost.signal.aborted || signal.aborted) throw error;
          throw new UserError("lease-lost", "Another window has taken over the install.", { cause: error });
        } finally {
          await held.release();
        }
      }
      const record = await records.inCluster(signal);
      if (record !== undefined) onSteps(stepsOf(record, "another window does this"));
      await clock.sleep(FOLLOW_MS, signal);
    }
  }

  async #install(
    plan: InstallPlan,
    record: InstallRecord,
    records: Records,
    onSteps: OnSteps,
    signal: AbortSignal,
  ): Promise<void> {
    const tell = (): void => onSteps(stepsOf(record));
    const save = (): Promise<void> => records.save(this.#stamped(record));
    const limited = new Limited(AT_ONCE);
    const planned = new Map(plan.components.map((one) => [one.component.id, one]));
    await save();
    tell();
    const failures: { readonly id: string; readonly error: unknown }[] = [];
    const adopt = new Set(plan.choice.adopt);
    const work = async (id: string): Promise<boolean> => {
      const one = planned.get(id);
      const entry = record.components[id];
      if (one === undefined || entry === undefined) return true;
      if (isDone(entry, one)) return true;
      const become = (change: Partial<ComponentRecord>): void => {
        Object.assign(entry, change);
        tell();
      };
      const { clock } = this.#options;
      become({ state: "running", detail: "", hash: one.hash, startedAt: clock.now() });
      await save();
      try {
        if (signal.aborted) throw new CancelledError();
        const say = (detail: string): void => become({ detail: label(detail, 400) });
        await installComponent({ ...this.#tools, limited, ...one, adopt: adopt.has(id), say, signal });
        become({ state: "done", detail: plural(one.objects.length, "object"), endedAt: clock.now() });
      } catch (error) {
        const state = isCancelled(error) || signal.aborted ? "cancelled" : "failed";
        become({ state, detail: state === "cancelled" ? "" : label(errorText(error), 600), endedAt: clock.now() });
        failures.push({ id, error });
      }
      await save();
      return entry.state === "done";
    };
    const items = plan.components.map(({ component: { id, needs, after = needs } }) => ({ id, needs: after }));
    await runGraph(items, work, (id, because) => {
      const entry = record.components[id];
      const need = planned.get(because)?.component.title ?? because;
      if (entry !== undefined) Object.assign(entry, { state: "skipped", detail: `it needs ${need}` });
      tell();
    });
    await save();
    this.#conclude(failures, planned, signal);
  }

  #conclude(
    failures: readonly { readonly id: string; readonly error: unknown }[],
    planned: ReadonlyMap<string, PlannedComponent>,
    signal: AbortSignal,
  ): void {
    if (signal.aborted) throw new CancelledError();
    const [first] = failures;
    if (first === undefined) return;
    const title = planned.get(first.id)?.component.title ?? first.id;
    const more = failures.length > 1 ? ` ${plural(failures.length - 1, "other component")} failed too.` : "";
    throw new UserError("install-failed", `${title} was not installed.`, {
      why: `${errorText(first.error)}${more}`,
      cause: first.error,
    });
  }

  #stamped(record: InstallRecord): InstallRecord {
    record.updatedAt = this.#options.clock.now();
    return record;
  }
}
