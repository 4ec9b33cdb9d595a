import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import type { Disposable } from "../core/dispose.ts";
import { label } from "../core/sanitize.ts";
import type { Engine } from "../engine.ts";
import type { CodeOfRun, Configuration, RunPlan } from "../jobs/index.ts";
import { type Source, sourceWords, type TrainingJob } from "../kubeflow/model.ts";
import { TASK_TYPE } from "../manifest.ts";
import { type Followed, type FollowEnd, JobTerminal, type JobTerminalOptions } from "./jobTerminal.ts";
import { readRunDefinition, type RunDefinition } from "./taskDefinition.ts";

interface JobTaskDefinition extends vscode.TaskDefinition, RunDefinition {
  /** Makes each run a task of its own, so that two runs of one file never meet «already active». */
  readonly launch?: string;
}

/** What is to happen with a file, as the person and its history have decided. */
export type Decision =
  | { readonly kind: "launch"; readonly plan: RunPlan; readonly replaces?: ActiveJob }
  | ({ readonly kind: "follow" } & ActiveJob);

export interface ActiveJob {
  readonly context: string;
  readonly job: TrainingJob;
}

/** What a task leaves to others: asking a person, and telling them. */
export interface JobTaskHost extends Omit<JobTerminalOptions, "engine" | "begin" | "onEnd"> {
  readonly engine: () => Promise<Engine>;
  /** Decides a run, asking the person for what is not known; names of files are those of the folder. */
  readonly decide: (folder: string | undefined, definition: RunDefinition) => Promise<Decision>;
  /** The runs that the folder names. */
  readonly configurations: (engine: Engine, folder: string) => Promise<readonly Configuration[]>;
  readonly header: (engine: Engine, plan: RunPlan) => Promise<string>;
  readonly onEnd: (terminal: string, end: FollowEnd) => void;
}

/** Training runs as tasks: re-runnable, usable from tasks.json, with a terminal each. */
export class JobTasks implements vscode.TaskProvider, Disposable {
  readonly #host: JobTaskHost;
  readonly #registration: vscode.Disposable;
  /** What a terminal's code came from, by the terminal's name. */
  readonly #codes = new Map<string, CodeOfRun>();

  constructor(host: JobTaskHost) {
    this.#host = host;
    this.#registration = vscode.tasks.registerTaskProvider(TASK_TYPE, this);
  }

  /** What this workspace names, where it is trusted, and its files that were run before. */
  async provideTasks(): Promise<vscode.Task[]> {
    const engine = await this.#host.engine();
    const tasks = (vscode.workspace.workspaceFolders ?? []).map(async (folder) => {
      const { fsPath, scheme } = folder.uri;
      const isRead = vscode.workspace.isTrusted && scheme === "file";
      const named = isRead ? await this.#host.configurations(engine, fsPath) : [];
      const scripts = engine.jobs.lastRuns.files().map((file) => path.relative(fsPath, file));
      return [
        ...named.map(({ name }): [RunDefinition, string] => [{ configuration: name }, label(name, 80)]),
        ...scripts
          .filter((script) => !script.startsWith("..") && !path.isAbsolute(script))
          .map((script): [RunDefinition, string] => [{ script }, path.basename(script)]),
      ].map(([fields, name]) => this.#fromDefinition({ type: TASK_TYPE, ...fields }, folder, name));
    });
    return (await Promise.all(tasks)).flat();
  }

  resolveTask(task: vscode.Task): vscode.Task {
    const folder = typeof task.scope === "object" ? task.scope : vscode.workspace.workspaceFolders?.[0];
    // The same definition object goes back: VS Code finds the task by it.
    return this.#fromDefinition(task.definition, folder, task.name);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  /** The code of what a terminal shows; undefined for terminals that are none of ours. */
  codeOf(terminal: string): CodeOfRun | undefined {
    // With several folders open, VS Code puts the folder's name behind the task's.
    return this.#codes.get(terminal) ?? this.#codes.get(terminal.replace(/ \([^()]*\)$/, ""));
  }

  /** Does what was decided, in a terminal of its own. */
  async run(decision: Decision): Promise<void> {
    if (decision.kind === "follow") {
      await this.follow(decision.context, decision.job);
      return;
    }
    const { file, spec } = decision.plan;
    let first: Decision | undefined = decision;
    const definition: JobTaskDefinition = { type: TASK_TYPE, script: file, launch: spec.id };
    await this.#execute(definition, spec.name, async (step, signal) => {
      // A re-run of this task is a new launch of the same file.
      const now = first ?? (await this.#host.decide(undefined, { script: file }));
      first = undefined;
      return this.#begin(spec.name, now, step, signal);
    });
  }

  /** Follows a job that is there, whoever launched it; with a source, that replica alone. */
  async follow(context: string, job: TrainingJob, source?: Source): Promise<void> {
    const launch = `${job.uid}${source === undefined ? "" : `/${source}`}/${Date.now().toString(36)}`;
    const name = label(source === undefined ? job.name : `${job.name} ${sourceWords(source)}`, 80);
    await this.#execute({ type: TASK_TYPE, script: job.script ?? job.name, launch }, name, () =>
      this.#followed(name, context, job, source),
    );
  }

  #fromDefinition(
    definition: vscode.TaskDefinition,
    folder: vscode.WorkspaceFolder | undefined,
    name: string,
  ): vscode.Task {
    return this.#task(definition, folder ?? vscode.TaskScope.Workspace, name, async (step, signal, resolved) => {
      // `${file}` and its like are resolved in what VS Code hands over when the task runs.
      const read = readRunDefinition(resolved);
      if (typeof read === "string")
        throw new UserError("bad-task", vscode.l10n.t("The job was not created."), { why: read });
      return this.#begin(name, await this.#host.decide(folder?.uri.fsPath, read), step, signal);
    });
  }

  async #execute(definition: JobTaskDefinition, name: string, begin: JobTerminalOptions["begin"]): Promise<void> {
    await vscode.tasks.executeTask(this.#task(definition, vscode.TaskScope.Workspace, name, begin));
  }

  #task(
    definition: vscode.TaskDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope.Workspace,
    name: string,
    begin: (...args: [...Parameters<JobTerminalOptions["begin"]>, vscode.TaskDefinition]) => Promise<Followed>,
  ): vscode.Task {
    // The terminal is there at once: what fails before the launch is said in it, and ends the task.
    const execution = new vscode.CustomExecution((resolved) =>
      Promise.resolve(this.#terminal(name, (step, signal) => begin(step, signal, resolved))),
    );
    const task = new vscode.Task(definition, scope, name, "Kubeflow", execution, []);
    task.presentationOptions = {
      reveal: vscode.TaskRevealKind.Always,
      // The terminal's first line is ours.
      echo: false,
      panel: vscode.TaskPanelKind.Dedicated,
      focus: false,
      showReuseMessage: false,
    };
    task.detail = vscode.l10n.t("Runs as a training job and follows its logs");
    return task;
  }

  #terminal(name: string, begin: JobTerminalOptions["begin"]): JobTerminal {
    return new JobTerminal({ ...this.#host, begin, onEnd: (end) => this.#host.onEnd(name, end) });
  }

  async #begin(
    terminal: string,
    decision: Decision,
    step: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Followed> {
    if (decision.kind === "follow") return this.#followed(terminal, decision.context, decision.job);
    const engine = await this.#host.engine();
    const { plan, replaces } = decision;
    if (replaces !== undefined) {
      step(vscode.l10n.t("stopping {0}", replaces.job.name));
      await engine.stopJob(replaces.context, replaces.job, signal);
    }
    const { spec, snapshot, file, job: edited } = plan;
    step(vscode.l10n.t("sending {0} to {1} / {2}", path.basename(file), spec.context, spec.namespace));
    const { client } = engine.cluster(spec.context).connection;
    const job = await engine.jobs.launcher.launch(spec, snapshot, client, signal, undefined, step, edited);
    const code = { root: snapshot.root, launch: spec.id };
    this.#codes.set(terminal, code);
    await engine.jobs.lastRuns.rememberLaunch(file, { ...job, context: spec.context });
    await engine.jobs.followBegun(spec.context, job);
    return {
      context: spec.context,
      target: { namespace: job.namespace, name: job.name, uid: job.uid, kind: job.kind },
      header: `${job.name} · ${await this.#host.header(engine, plan)}`,
      ranks: spec.nodes,
      isOurs: true,
      code: { script: file, ...code },
    };
  }

  async #followed(terminal: string, context: string, job: TrainingJob, source?: Source): Promise<Followed> {
    const engine = await this.#host.engine();
    const code = await engine.jobs.codeOf(job.name);
    if (code !== undefined) this.#codes.set(terminal, code);
    const { name, namespace, uid, kind, launchId: id = "", created: launched } = job;
    const isOurs = engine.isMine(job);
    if (isOurs) await engine.jobs.followBegun(context, { id, name, namespace, uid, kind, launched });
    const target = { namespace, name, uid, kind, ...(source === undefined ? {} : { source }) };
    const size = engine.describeReplicas(job);
    const { script } = job;
    return {
      context,
      target,
      header: `${job.name} · ${job.kind} · ${context} / ${job.namespace} · ${size}`,
      ranks: job.replicas.reduce((sum, set) => (set.firstRank === undefined ? sum : sum + set.count), 0),
      isOurs,
      ...(code === undefined || script === undefined || source !== undefined
        ? {}
        : { code: { script: engine.jobs.localScript({ root: code.root, path: script }), ...code } }),
    };
  }
}
