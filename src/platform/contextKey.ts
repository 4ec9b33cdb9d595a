import * as vscode from "vscode";

/** Sets a key that `when` clauses read. Nobody waits for it: menus follow a moment later. */
export function setContextKey(key: string, value: boolean): void {
  void vscode.commands.executeCommand("setContext", key, value);
}
