import type * as vscode from "vscode";
import type { SecretStore, StateStore } from "../core/storage.ts";
import type { Output } from "../platform/output.ts";
import type { Notify } from "../platform/notify.ts";
import type { VscodeSettings } from "../platform/settings.ts";
import type { ClusterTree } from "../tree/clusterTree.ts";
import type { JobTasks } from "../terminal/jobTasks.ts";
import type { ObjectDocuments } from "./object.ts";
import type { ClusterPreferences } from "../platform/clusterPreferences.ts";
import type { PodTerminals } from "../terminal/podTerminals.ts";
import type { Engine } from "../engine.ts";
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
  readonly notify: Notify;
  readonly output: Output;
  readonly settings: VscodeSettings;
  readonly tree: ClusterTree;
  readonly tasks: JobTasks;
  readonly documents: ObjectDocuments;
  /** Terminals that look into pods. */
  readonly terminals: PodTerminals;
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
