import type { KubeflowWish } from "../../contract/wish.ts";
import { errorCode, errorText } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { wantedOf } from "../../install/index.ts";
import { record, text } from "../../kubeflow/read.ts";
import { INSTALL_PAGES, type ProgramName, type Programs } from "../existing/programs.ts";
import { failed, type Fix, ok, type PreflightLine, versionIn, warning } from "./checkLines.ts";

/** Minor of the first kubectl that builds with kustomize 5 (kubernetes: CHANGELOG-1.27.md); older ones do not know all of it. */
const OLDEST = 27;

/** What builds Kubeflow's manifests on this computer; none where nothing of it is wanted. */
export function kubeflowChecks(wish: KubeflowWish, programs: Programs): readonly PreflightLine[] {
  if (wantedOf(wish).length === 0) return [];
  const kubectl: PreflightLine = {
    id: "kubectl",
    label: "kubectl",
    about: "kubectl",
    run: async (signal) => {
      const args = ["version", "--client", "--output=json"];
      const answer = record(await programs.json({ program: "kubectl", args, failure: "", signal }));
      const version = versionIn(text(record(answer["clientVersion"])["gitVersion"]) ?? "");
      const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
      if (major === "1" && Number(minor) < OLDEST)
        return failed(`Version ${version}: to build Kubeflow it has to be 1.${OLDEST} or newer.`, page("kubectl"));
      return ok(`Version ${version}.`);
    },
  };
  const git: PreflightLine = {
    id: "git",
    label: "git",
    run: async (signal) => {
      try {
        const { stdout } = await programs.run({ program: "git", args: ["--version"], failure: "", signal });
        return ok(`Version ${versionIn(stdout)}.`);
      } catch (error) {
        if (errorCode(error) !== "cli-missing") throw error;
        return warning(`${label(errorText(error), 200)} Some parts of Kubeflow fetch others with it.`, page("git"));
      }
    },
  };
  // Files in a folder of the person's own may be whole.
  return wish.folder === "" ? [kubectl, git] : [kubectl];
}

function page(program: ProgramName): Fix {
  return { title: "How to Install", kind: "open", url: INSTALL_PAGES[program] };
}
