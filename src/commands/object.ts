import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import { OBJECT_SCHEME } from "../manifest.ts";
import { isNode } from "./nodes.ts";
import type { CommandDeps } from "./deps.ts";

/** The object as YAML, read-only, read when it is opened. */
export async function openYaml(deps: CommandDeps, target: unknown): Promise<void> {
  const uri = uriOf(target, await deps.engine());
  if (uri === undefined) {
    throw new UserError("no-row", vscode.l10n.t("Nothing was chosen."), {
      hint: vscode.l10n.t("Right-click a job or a rank in the Kubeflow view."),
    });
  }
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: true });
}

export async function copyName(deps: CommandDeps, target: unknown): Promise<void> {
  const name = isNode(target, "job")
    ? target.name
    : isNode(target, "namespace")
      ? target.namespace
      : isNode(target, "cluster")
        ? target.context
        : isNode(target, "replica")
          ? (await deps.engine()).podName(target.context, target.namespace, target.job, target.rank)
          : undefined;
  if (name === undefined) {
    throw new UserError("no-row", vscode.l10n.t("Nothing was chosen."), {
      hint: vscode.l10n.t("Right-click a row in the Kubeflow view."),
    });
  }
  await vscode.env.clipboard.writeText(name);
}

/** `trainyard-object:/<context>/<namespace>/pytorchjobs/<name>.yaml`; every part is encoded. */
function uriOf(target: unknown, engine: Awaited<ReturnType<CommandDeps["engine"]>>): vscode.Uri | undefined {
  const [context, namespace, plural, name] = isNode(target, "job")
    ? [target.context, target.namespace, "pytorchjobs", target.name]
    : isNode(target, "replica")
      ? [
          target.context,
          target.namespace,
          "pods",
          engine.podName(target.context, target.namespace, target.job, target.rank),
        ]
      : [];
  if (context === undefined || namespace === undefined || plural === undefined || name === undefined) return undefined;
  const parts = [context, namespace, plural, `${name}.yaml`].map(encodeURIComponent);
  return vscode.Uri.from({ scheme: OBJECT_SCHEME, path: `/${parts.join("/")}` });
}

/** Serves the documents of `openYaml`. Only our own scheme reaches it. */
export class ObjectDocuments implements vscode.TextDocumentContentProvider {
  readonly #engine: CommandDeps["engine"];

  constructor(engine: CommandDeps["engine"]) {
    this.#engine = engine;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const [context = "", namespace = "", plural = "", file = ""] = uri.path.slice(1).split("/").map(decodeURIComponent);
    const engine = await this.#engine();
    await engine.load();
    return engine.objectYaml(context, namespace, plural, file.replace(/\.yaml$/, ""));
  }
}
