import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import type { Disposable } from "../core/dispose.ts";
import type { Engine } from "../engine.ts";
import type { RunPlan } from "../jobs/index.ts";
import type { TrainingJob } from "../kubeflow/model.ts";
import { TASK_TYPE } from "../manifest.ts";
import { type Followed, type FollowEnd, JobTerminal, type JobTerminalOptions } from "./jobTerminal.ts";

/** What stands in tasks.json, and in the tasks that we make. */
export interface JobTaskDefinition extends vscode.TaskDefinition {
  readonly script: string;
  readonly nodes?: number;
  readonly gpusPerNode?: number;
  readonly image?: string;
  readonly args?: readonly string[];
  /** Makes each run a task of its own, so that two runs of one file never meet «already active». */
  readonly launch?: string;
}

/** What a task leaves to others: asking a person, and telling them. */
export interface JobTaskHost {
  readonly engine: () => Promise<Engine>;
  /** Decides a run of the file, asking the person for what is not known. */
  readonly prepare: (file: string, definition: JobTaskDefinition) => Promise<RunPlan>;
  readonly header: (engine: Engine, plan: RunPlan) => string;
  readonly askStop: JobTerminalOptions["askStop"];
  readonly stopJob: JobTerminalOptions["stopJob"];
  readonly openLog: JobTerminalOptions["openLog"];
  readonly onEnd: (terminal: string, end: FollowEnd) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Training runs as tasks: re-runnable, usable from tasks.json, with a terminal each. */
export class JobTasks implements vscode.TaskProvider, Disposable {
  readonly #host: JobTaskHost;
  readonly #registration: vscode.Disposable;

  constructor(host: JobTaskHost) {
    this.#host = host;
    this.#registration = vscode.tasks.registerTaskProvider(TASK_TYPE, this);
  }

  /** Files of this workspace that were run before. */
  async provideTasks(): Promise<vscode.Task[]> {
    const engine = await this.#host.engine();
    return (vscode.workspace.workspaceFolders ?? []).flatMap((folder) =>
      engine.jobs.lastRuns.files().flatMap((file) => {
        const script = path.relative(folder.uri.fsPath, file);
        return script.startsWith("..") || path.isAbsolute(script)
          ? []
          : [this.#fromDefinition({ type: TASK_TYPE, script }, folder)];
      }),
    );
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const { definition } = task;
    if (!isDefinition(definition)) return undefined;
    const folder = typeof task.scope === "object" ? task.scope : vscode.workspace.workspaceFolders?.[0];
    // The same definition object goes back: VS Code finds the task by it.
    return this.#fromDefinition(definition, folder, task.name);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  /** Launches the plan in a terminal of its own and follows it. */
  async run(plan: RunPlan): Promise<void> {
    const definition: JobTaskDefinition = { type: TASK_TYPE, script: plan.file, launch: plan.spec.id };
    let first: RunPlan | undefined = plan;
    await this.#execute(definition, plan.spec.name, async (terminal) => {
      // A re-run of this task is a new launch of the same file.
      const sent = first ?? (await this.#host.prepare(plan.file, definition));
      first = undefined;
      return this.#launch(terminal, sent);
    });
  }

  /** Follows a job that is there, whoever launched it. */
  async follow(context: string, job: TrainingJob, rank?: number): Promise<void> {
    const launch = `${job.uid}${rank === undefined ? "" : `/${rank}`}/${Date.now().toString(36)}`;
    const name = rank === undefined ? job.name : `${job.name} rank ${rank}`;
    await this.#execute({ type: TASK_TYPE, script: job.script ?? job.name, launch }, name, async (terminal) => {
      const engine = await this.#host.engine();
      return this.#terminal(engine, terminal, () => Promise.resolve(followedJob(engine, context, job, rank)));
    });
  }

  #fromDefinition(
    definition: JobTaskDefinition,
    folder: vscode.WorkspaceFolder | undefined,
    name?: string,
  ): vscode.Task {
    const file = path.resolve(folder?.uri.fsPath ?? "", definition.script);
    const title = name ?? path.basename(definition.script);
    return this.#task(definition, folder ?? vscode.TaskScope.Workspace, title, async () => {
      if (folder === undefined && !path.isAbsolute(definition.script))
        throw new UserError(
          "no-folder",
          vscode.l10n.t("The task names {0}, and no folder is open to find it in.", definition.script),
        );
      return this.#launch(title, await this.#host.prepare(file, definition));
    });
  }

  async #execute(
    definition: JobTaskDefinition,
    name: string,
    open: (terminal: string) => Promise<JobTerminal>,
  ): Promise<void> {
    await vscode.tasks.executeTask(this.#task(definition, vscode.TaskScope.Workspace, name, () => open(name)));
  }

  #task(
    definition: JobTaskDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope.Workspace,
    name: string,
    open: () => Promise<JobTerminal>,
  ): vscode.Task {
    const execution = new vscode.CustomExecution(() => open());
    const task = new vscode.Task(definition, scope, name, "Kubeflow", execution, []);
    task.presentationOptions = {
      reveal: vscode.TaskRevealKind.Always,
      // The terminal's first line is ours.
      echo: false,
      panel: vscode.TaskPanelKind.Dedicated,
      focus: false,
      showReuseMessage: false,
    };
    task.isBackground = false;
    task.detail = vscode.l10n.t("Runs as a training job and follows its logs");
    return task;
  }

  async #launch(terminal: string, plan: RunPlan): Promise<JobTerminal> {
    const engine = await this.#host.engine();
    return this.#terminal(engine, terminal, async (step, signal) => {
      const { spec, snapshot } = plan;
      const { client } = engine.cluster(spec.context).connection;
      step(vscode.l10n.t("sending {0} to {1} / {2}", path.basename(plan.file), spec.context, spec.namespace));
      const job = await engine.jobs.launcher.launch(spec, snapshot, client, signal);
      const { id, name, context, namespace } = { ...job, context: spec.context };
      await engine.jobs.lastRuns.rememberLaunch(plan.file, { id, name, context, namespace });
      await engine.jobs.followBegun(plan.file, context, job);
      return {
        context,
        target: { namespace, name, uid: job.uid },
        header: `${name} · ${this.#host.header(engine, plan)}`,
        ranks: spec.nodes,
        file: plan.file,
        launch: id,
      };
    });
  }

  #terminal(engine: Engine, name: string, begin: JobTerminalOptions["begin"]): JobTerminal {
    const { askStop, stopJob, openLog, onFailure } = this.#host;
    return new JobTerminal({
      engine,
      begin,
      askStop,
      stopJob,
      openLog,
      onFailure,
      onEnd: (end) => this.#host.onEnd(name, end),
    });
  }
}

function followedJob(engine: Engine, context: string, job: TrainingJob, rank: number | undefined): Followed {
  return {
    context,
    target: { namespace: job.namespace, name: job.name, uid: job.uid, ...(rank === undefined ? {} : { rank }) },
    header: `${job.name} · ${job.kind} · ${context} / ${job.namespace} · ${engine.describeReplicas(job)}`,
    ranks: job.replicas.reduce((sum, set) => sum + set.count, 0),
    file: undefined,
    launch: job.launchId,
  };
}

function isDefinition(definition: vscode.TaskDefinition): definition is JobTaskDefinition {
  const script: unknown = definition["script"];
  return typeof script === "string" && script !== "";
}
