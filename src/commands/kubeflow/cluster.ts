import * as vscode from "vscode";
import { label } from "../../core/sanitize.ts";
import type { Installers } from "../../install/index.ts";
import type { Connection } from "../../kube/connection.ts";
import { withProgress } from "../../platform/progress.ts";
import { pickContext } from "../cluster/clusters.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf } from "../nodes.ts";

export type KubeflowDeps = Pick<CommandDeps, "engine" | "installers">;

/** The cluster that a command means, by its row or its context's name, once it answers; else one that is chosen. */
export async function kubeflowOf(
  deps: KubeflowDeps,
  target: unknown,
): Promise<{ readonly context: string; readonly connection: Connection; readonly installers: Installers }> {
  const engine = await deps.engine();
  const context = typeof target === "string" ? target : (contextOf(target) ?? (await pickContext(engine)));
  const title = vscode.l10n.t("Connecting to {0}", label(context, 60));
  await withProgress(title, (signal) => engine.connectedClient(context, signal));
  return { context, connection: engine.cluster(context).connection, installers: await deps.installers() };
}
