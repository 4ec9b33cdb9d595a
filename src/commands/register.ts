import * as vscode from "vscode";
import { COMMANDS } from "../manifest.ts";
import type { CommandDeps } from "./deps.ts";

/** Registers all commands behind one wrapper: a failure becomes one message, cancellation none. */
export function registerCommands(deps: CommandDeps): vscode.Disposable {
  return vscode.Disposable.from(
    ...Object.values(COMMANDS).map((id) =>
      vscode.commands.registerCommand(id, async (...args: unknown[]) => {
        try {
          const { HANDLERS } = await import("./handlers.ts");
          await HANDLERS[id](deps, ...args);
        } catch (error) {
          deps.notify.error(error);
        }
      }),
    ),
  );
}
