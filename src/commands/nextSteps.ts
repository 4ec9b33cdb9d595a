import type { NextStep } from "../core/errors.ts";
import type { NextStepId } from "../kubeflow/why.ts";
import { COMMANDS } from "../manifest.ts";
import type { TreeNode } from "../tree/nodes.ts";

/** The command that takes a next step on a row; `file` is the one that its job was launched from here with; undefined where there is nothing to press. */
export function nextStepOf(
  id: NextStepId,
  row: TreeNode,
  file: string | undefined,
): Pick<NextStep, "command" | "args"> | undefined {
  switch (id) {
    case "logs":
      return {
        command: row.kind === "job" || row.kind === "replica" ? COMMANDS.followJob : COMMANDS.showLogs,
        args: [row],
      };
    case "events":
      return { command: COMMANDS.showEvents, args: [row] };
    case "yaml":
      return { command: COMMANDS.openYaml, args: [row] };
    case "resume":
      return { command: COMMANDS.start, args: [row] };
    case "install":
      return { command: COMMANDS.installKubeflow, args: [row] };
    case "show-nodes":
      return { command: COMMANDS.reveal, args: [{ kind: "show-nodes", row }] };
    case "ask-admin":
      return { command: COMMANDS.copyAdminRequest, args: [row] };
    case "change-size":
    case "change-image":
      // Of a job that came from no file here, what it asks for can be read, and changed where it came from.
      return file === undefined
        ? { command: COMMANDS.openYaml, args: [row] }
        : { command: COMMANDS.runJobWithOptions, args: [file] };
    case "wait":
      return undefined;
  }
}
