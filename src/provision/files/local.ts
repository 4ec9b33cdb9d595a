// Clusters on this computer: the tool's own files and the commands that make them, as they are run (local/).
import type { FileText } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { LOCAL_TOOL, type LocalCommand } from "../local/localTool.ts";

/**
 * Configuration files that the commands name, and a README with the commands. Throws UserError as LocalTool.create for a
 * folder that the tool cannot take.
 */
export function localFiles({ name, local }: Wish): readonly FileText[] {
  const tool = LOCAL_TOOL[local.tool];
  const [create, remove] = [tool.create(name, local, "kubeconfig"), tool.delete(name)];
  const how =
    create === undefined || remove === undefined
      ? "The microk8s that is there is used as it is: nothing is made, and nothing is to be taken away.\n"
      : `Made with ${local.tool} and Docker. In this folder:\n\n${fenced(create)}\nAnd away again, with everything in it:\n\n${fenced(remove)}`;
  const configs = Object.entries(create?.files ?? {}).map(([file, text]) => ({ name: file, text }));
  return [...configs, { name: "README.md", text: `# A cluster for Kubeflow on this computer\n\n${how}` }];
}

/** A command as a person may paste it into a POSIX shell; the kubeconfig is where the tool puts it by itself. */
function fenced({ program, args }: LocalCommand): string {
  const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const words = [program, ...args].filter((word) => !word.startsWith("--kubeconfig="));
  return `\`\`\`sh\n${words.map(quoted).join(" ")}\n\`\`\`\n`;
}
