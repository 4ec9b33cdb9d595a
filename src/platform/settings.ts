import * as vscode from "vscode";
import type { Disposable } from "../core/dispose.ts";
import { Emitter } from "../core/events.ts";
import { SETTINGS } from "../manifest.ts";

/** The person's settings, with types. Read at the moment of use: nothing here is a copy. */
export class VscodeSettings implements Disposable {
  readonly #changed = new Emitter<void>();
  readonly #subscription: vscode.Disposable;
  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#subscription = vscode.workspace.onDidChangeConfiguration((event) => {
      if (Object.values(SETTINGS).some((key) => event.affectsConfiguration(key))) this.#changed.fire();
    });
  }

  /** Extra kubeconfig files, in order; empty means KUBECONFIG or the default file. */
  kubeconfigPaths(): readonly string[] {
    const value = vscode.workspace.getConfiguration().get<unknown>(SETTINGS.kubeconfigPaths);
    return Array.isArray(value) ? value.filter((path): path is string => typeof path === "string" && path !== "") : [];
  }

  async addKubeconfigPath(path: string): Promise<void> {
    const paths = [...this.kubeconfigPaths().filter((known) => known !== path), path];
    await vscode.workspace
      .getConfiguration()
      .update(SETTINGS.kubeconfigPaths, paths, vscode.ConfigurationTarget.Global);
  }

  async removeKubeconfigPath(path: string): Promise<void> {
    const paths = this.kubeconfigPaths().filter((known) => known !== path);
    await vscode.workspace
      .getConfiguration()
      .update(SETTINGS.kubeconfigPaths, paths, vscode.ConfigurationTarget.Global);
  }

  /** Terraform or OpenTofu; empty means the one on the PATH. */
  terraformPath(): string {
    const value = vscode.workspace.getConfiguration().get<unknown>(SETTINGS.terraformPath);
    return typeof value === "string" ? value.trim() : "";
  }

  /** Empty means the last one used, then the built-in. */
  trainingImage(): string {
    const value = vscode.workspace.getConfiguration().get<unknown>(SETTINGS.jobImage);
    return typeof value === "string" ? value.trim() : "";
  }

  /** Undefined where it is left to the cluster. */
  jobKind(): "PyTorchJob" | "TrainJob" | undefined {
    const value = vscode.workspace.getConfiguration().get<unknown>(SETTINGS.jobKind);
    return value === "PyTorchJob" || value === "TrainJob" ? value : undefined;
  }

  /** A regular expression for metrics; empty where the person has none. */
  metricPattern(): string {
    const value = vscode.workspace.getConfiguration().get<unknown>(SETTINGS.metricPattern);
    return typeof value === "string" ? value : "";
  }

  /** VS Code's own proxy setting, where one is set. */
  proxy(): string | undefined {
    const value = vscode.workspace.getConfiguration("http").get<unknown>("proxy");
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
