import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { OBJECT_SCHEME } from "../manifest.ts";
import { withProgress } from "../platform/progress.ts";
import { jobOf } from "./job/jobs.ts";
import { isNode } from "./nodes.ts";
import type { CommandDeps } from "./deps.ts";

interface ObjectAt {
  readonly context: string;
  readonly namespace: string;
  readonly plural: "pytorchjobs" | "pods";
  readonly name: string;
}

/** The object as YAML, read-only, as it is now. A job of the person's choice where no row was clicked. */
export async function openYaml(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const at = await objectOf(deps, target);
  const { context, namespace, plural, name } = at;
  const text = await withProgress(vscode.l10n.t("Reading {0}", label(name)), (signal) =>
    engine.objectYaml(context, at, signal),
  );
  const uri = deps.documents.put([context, namespace, plural, `${name}.yaml`], text);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}

export async function copyName(deps: CommandDeps, target: unknown): Promise<void> {
  const name = isNode(target, "namespace")
    ? target.namespace
    : isNode(target, "cluster")
      ? target.context
      : (await objectOf(deps, target)).name;
  await vscode.env.clipboard.writeText(name);
}

async function objectOf(deps: CommandDeps, target: unknown): Promise<ObjectAt> {
  if (isNode(target, "replica")) {
    const { context, namespace, job, rank } = target;
    const name = (await deps.engine()).podName(context, namespace, job, rank);
    if (name !== undefined) return { context, namespace, plural: "pods", name };
    throw new UserError("no-pod", vscode.l10n.t("Rank {0} has no pod yet.", rank));
  }
  if (isNode(target, "job")) {
    const { context, namespace, name } = target;
    return { context, namespace, plural: "pytorchjobs", name };
  }
  const { context, job } = await jobOf(deps, undefined);
  return { context, namespace: job.namespace, plural: "pytorchjobs", name: job.name };
}

/** Serves the documents of `openYaml`: what was read last. Only our own scheme reaches it. */
export class ObjectDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscription = vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString()));

  readonly onDidChange = this.#changed.event;

  /** `trainyard-object:/<context>/<namespace>/pytorchjobs/<name>.yaml`; every part is encoded. */
  put(parts: readonly string[], text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: OBJECT_SCHEME, path: `/${parts.map(encodeURIComponent).join("/")}` });
    this.#texts.set(uri.toString(), text);
    // A document that is open already is shown again as it was, unless it is told.
    this.#changed.fire(uri);
    return uri;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? "";
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
