// The registry that the images of a folder go to: named once, and kept with the workspace.
import * as vscode from "vscode";
import type { StateStore } from "../../core/storage.ts";
import { gitOutput } from "../../jobs/index.ts";
import { registryProblem } from "../../pipelines/index.ts";
import { askText } from "../../platform/pick.ts";

const keyOf = (folder: string): string => `trainyard.registry:${folder}`;

/** Undefined where none was named yet. */
export function namedRegistry(state: StateStore, folder: string): string | undefined {
  const kept = state.get(keyOf(folder));
  return typeof kept === "string" && registryProblem(kept) === undefined ? kept : undefined;
}

/** Such as `ghcr.io/team`. Rejects with CancelledError where the person turns away. */
export async function askRegistry(state: StateStore, folder: string, title: string): Promise<string> {
  const registry = await askText({
    title,
    prompt: vscode.l10n.t("Registry and place in it that the images go to, such as ghcr.io/team"),
    value: namedRegistry(state, folder) ?? (await suggested(folder)),
    check: (text) => registryProblem(text.trim()),
  });
  await state.set(keyOf(folder), registry);
  return registry;
}

/** GitHub has a registry beside each repository. */
async function suggested(folder: string): Promise<string> {
  const owner = githubRepository(await gitOutput(folder, ["remote", "get-url", "origin"]))?.split("/")[0];
  return owner === undefined ? "" : `ghcr.io/${owner.toLowerCase()}`;
}

/** `owner/name` of a remote's address. */
export function githubRepository(remote: string | undefined): string | undefined {
  return /github\.com[:/]([\w-]+\/[\w.-]+?)(?:\.git)?\/?\s*$/.exec(remote ?? "")?.[1];
}
