// Where pipelines are run: the cluster, and where its server keeps people apart, the profile.
import * as vscode from "vscode";
import { errorCode, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { Access, PipelinePlace } from "../../pipelines/index.ts";
import { COMMANDS } from "../../manifest.ts";
import { withProgress } from "../../platform/progress.ts";
import { accessWords } from "../../tree/pipelineRows.ts";
import type { CommandDeps } from "../deps.ts";
import { askContext, askNamespace } from "../job/askPlace.ts";

/** Of this folder: where a pipeline was run or uploaded last. */
const KEY = "trainyard.pipelines.place";

export interface KnownPlace extends PipelinePlace {
  readonly access: Access;
}

/** Asks only what there is to choose. `what` did not happen where there is no cluster; `known` is not asked. */
export async function askPlace(
  deps: CommandDeps,
  title: string,
  what: string,
  known?: { readonly context: string; readonly namespace: string | undefined },
): Promise<KnownPlace> {
  const engine = await deps.engine();
  await engine.load();
  const last = remembered(deps);
  const context = known?.context ?? (await askContext(engine, title, last?.context, undefined, undefined, what));
  const access = await accessOf(engine, context);
  const before = last?.context === context ? last.namespace : undefined;
  const asked = (): Promise<string> => askNamespace(engine, title, context, before);
  const namespace = access.multiUser ? (known?.namespace ?? (await asked())) : "";
  await deps.state.set(KEY, { context, namespace });
  return { context, namespace, access };
}

/** The server of that cluster, which answers. Rejects as PipelineServer does; where there is none, it can be installed. */
export async function accessOf(engine: Engine, context: string): Promise<Access> {
  try {
    return await withProgress(vscode.l10n.t("Reaching the pipelines of {0}", label(context)), async (signal) => {
      const cluster = engine.cluster(context);
      // Where they are installed.
      if (cluster.parts === undefined) await cluster.readParts(signal);
      return engine.pipelineDesk.of(context).server.open(signal);
    });
  } catch (error) {
    if (errorCode(error) !== "no-server") throw error;
    const install = { title: vscode.l10n.t("Install Kubeflow…"), command: COMMANDS.installKubeflow, args: [context] };
    throw new UserError("no-server", vscode.l10n.t("{0} has no Kubeflow Pipelines.", label(context)), {
      next: [install],
      cause: error,
    });
  }
}

/** `minikube / alice · standalone, by port-forward · 2.17.0` */
export function placeWords({ context, namespace, access }: KnownPlace): string {
  const where = namespace === "" ? label(context) : `${label(context)} / ${label(namespace)}`;
  return `${where} · ${accessWords(access, { kind: "live" }, 0)}`;
}

function remembered({ state }: Pick<CommandDeps, "state">): PipelinePlace | undefined {
  const kept = state.get(KEY);
  if (typeof kept !== "object" || kept === null || !("context" in kept) || !("namespace" in kept)) return undefined;
  const { context, namespace } = kept;
  return typeof context === "string" && typeof namespace === "string" ? { context, namespace } : undefined;
}
