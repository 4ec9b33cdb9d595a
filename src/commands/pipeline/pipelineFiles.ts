// Which files may be a pipeline.
import type { Uri } from "vscode";

type FileUri = Pick<Uri, "scheme" | "fsPath">;

export function mayBePipeline({ scheme, fsPath }: FileUri): boolean {
  return scheme === "file" && /\.(?:py|ya?ml|json)$/i.test(fsPath);
}

/** Paths of those to choose from: the one in the editor first, whatever it is called, then what was found. */
export function offeredFiles(active: FileUri | undefined, found: readonly FileUri[]): readonly string[] {
  const all = active === undefined ? found : [active, ...found];
  return [...new Set(all.filter(mayBePipeline).map(({ fsPath }) => fsPath))];
}
