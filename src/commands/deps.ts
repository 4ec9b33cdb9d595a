import type * as vscode from "vscode";
import type { SecretStore, StateStore } from "../core/storage.ts";
import type { Output } from "../platform/output.ts";
import type { Notify } from "../platform/notify.ts";
import type { DocumentProblems } from "../platform/documentProblems.ts";
import type { ObjectDocuments } from "../platform/objectDocuments.ts";
import type { VscodeSettings } from "../platform/settings.ts";
import type { ClusterTree } from "../tree/clusterTree.ts";
import type { JobTasks } from "../terminal/jobTasks.ts";
import type { JobProblems } from "../terminal/problems.ts";
import type { ClusterPreferences } from "../platform/clusterPreferences.ts";
import type { Engine } from "../engine.ts";
import type { CurvesPanels } from "../panels/curvesPanel.ts";
import type { JobPages } from "../panels/jobPanel.ts";
import type { NotebookFormPages } from "../panels/notebookFormPanel.ts";
import type { GraphPages, RunFormPages, RunPages } from "../panels/pipelinePages.ts";
import type { WizardPanels } from "../panels/wizardPanel.ts";
import type { Installers } from "../install/index.ts";
import type { Provisioning } from "../provision/index.ts";

/** What commands act on; made once by extension.ts. */
export interface CommandDeps {
  /** The engine, loaded on first use. */
  readonly engine: () => Promise<Engine>;
  /** What makes and removes clusters, loaded on first use. */
  readonly provisioning: () => Promise<Provisioning>;
  /** What installs Kubeflow, loaded on first use. */
  readonly installers: () => Promise<Installers>;
  readonly wizards: () => Promise<WizardPanels>;
  readonly curves: () => Promise<CurvesPanels>;
  readonly jobForms: () => Promise<JobPages>;
  readonly graphs: () => Promise<GraphPages>;
  readonly runs: () => Promise<RunPages>;
  readonly runForms: () => Promise<RunFormPages>;
  readonly notebookForms: () => Promise<NotebookFormPages>;
  readonly notify: Notify;
  readonly output: Output;
  readonly settings: VscodeSettings;
  readonly tree: ClusterTree;
  readonly tasks: JobTasks;
  readonly problems: JobProblems;
  readonly documents: ObjectDocuments;
  readonly manifestProblems: DocumentProblems;
  /** Small values of this workspace that outlive the window. */
  readonly state: StateStore;
  readonly preferences: ClusterPreferences;
  /** Keeps passwords that were made here. */
  readonly secrets: SecretStore;
  /** Folder of our own that outlives the window. */
  readonly storage: vscode.Uri;
  /** Folder of the extension, for what it ships. */
  readonly extensionPath: string;
}

export type CommandHandler = (deps: CommandDeps, ...args: readonly unknown[]) => Promise<void> | void;
