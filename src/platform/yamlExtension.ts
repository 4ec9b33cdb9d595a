import * as vscode from "vscode";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { YamlApi } from "../core/yamlApi.ts";

const ID = "redhat.vscode-yaml";

/**
 * Where the YAML extension is installed, contributes to it once there is a YAML document: that is what wakes it, too.
 */
export function offerSchemas(
  contribute: (api: YamlApi, textOf: (resource: string) => string | undefined) => void,
  log: Logger,
): vscode.Disposable {
  let isOffered = false;
  const offer = async ({ languageId }: vscode.TextDocument): Promise<void> => {
    const yaml = vscode.extensions.getExtension<Partial<YamlApi> | undefined>(ID);
    if (languageId !== "yaml" || isOffered || yaml === undefined) return;
    isOffered = true;
    const api = await yaml.activate();
    if (api !== undefined && hasContributors(api)) contribute(api, textOf);
  };
  const look = (document: vscode.TextDocument): void => {
    offer(document).catch((error: unknown) => log.warn(`the YAML extension: ${errorText(error)}`));
  };
  for (const document of vscode.workspace.textDocuments) look(document);
  return vscode.workspace.onDidOpenTextDocument(look);
}

function hasContributors(api: Partial<YamlApi>): api is YamlApi {
  return typeof api.registerContributor === "function";
}

function textOf(resource: string): string | undefined {
  return vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === resource)?.getText();
}
