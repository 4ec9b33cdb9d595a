// `npm start`: an editor for a person, on the sample project, with the extension installed as its package.
import path from "node:path";
import { say, step } from "../../scripts/steps.mjs";
import { findDesktop } from "../editor/desktop.ts";
import { ensureEditor } from "../editor/install.ts";
import { installExtension, serveEditor } from "../editor/serve.ts";
import { CALM, writeSettings } from "../editor/settings.ts";
import { type Cluster, START_FOLDER } from "./cluster.ts";
import { installIntoDesktop, startDesktop } from "./desktop.ts";
import { Interrupted } from "./interruption.ts";
import { oneLine } from "./oneLine.ts";
import { copyProject, writeMachineSettings } from "./project.ts";

interface OpenEditor {
  /** Address to open; undefined where a window shows it. */
  readonly url: string | undefined;
  /** With a reason where it did not end by a person's wish. */
  readonly ended: Promise<string | undefined>;
  readonly stop: () => Promise<void>;
}

const WHAT_TO_DO = "Right-click train.py › Run as Training Job.";

/** Opens the editor as soon as it is there, with the cluster as far as it is. @returns the exit code */
export async function runWindow(
  cluster: Cluster,
  packaged: Promise<string>,
  interruption: Promise<never>,
): Promise<number> {
  const progress = followCluster(cluster);
  const editor = await Promise.race([openForPerson(cluster, packaged), interruption]);
  tellWhatToDo(editor);
  if (progress.state === "building") say(`meanwhile ${cluster.words} is brought up; the tree says how far it is`);
  progress.tell(() => tellWhatToDo(editor));
  let reason: string | undefined;
  try {
    reason = await Promise.race([editor.ended, interruption]);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.log("");
    await step("closing the editor", () => editor.stop());
  }
  if (reason !== undefined) console.log(reason);
  say(cluster.stays);
  return reason === undefined && progress.state !== "failed" ? 0 : 1;
}

interface Progress {
  state: "building" | "ready" | "failed";
  /** From now on says how it ends; the address is repeated, since the progress has moved it out of sight. */
  tell: (again: () => void) => void;
}

function followCluster({ words, ready }: Cluster): Progress {
  const progress: Progress = {
    state: "building",
    tell: (again) => {
      const wasReady = progress.state === "ready";
      ready.then(
        () => {
          if (!wasReady) again();
        },
        (error: unknown) =>
          say(`${words} could not be brought up: ${oneLine(error)} The editor stays open; Ctrl+C ends it.`),
      );
    },
  };
  ready.then(
    () => (progress.state = "ready"),
    () => (progress.state = "failed"),
  );
  return progress;
}

async function openForPerson(cluster: Cluster, packaged: Promise<string>): Promise<OpenEditor> {
  const desktop = await findDesktop();
  if ("path" in desktop) {
    try {
      return await openDesktop(desktop.path, cluster, await packaged);
    } catch (error) {
      say(`desktop VS Code cannot be used (${oneLine(error)}): the editor is shown in a browser instead`);
    }
  } else say(`the editor is shown in a browser: ${desktop.reason}`);
  return openBrowserHosted(cluster, packaged);
}

async function openDesktop(executable: string, cluster: Cluster, vsix: string): Promise<OpenEditor> {
  const { folder, userDataDir, extensionsDir } = place(cluster, "desktop");
  const options = { executable, folder, userDataDir, extensionsDir, kubeconfig: cluster.kubeconfig };
  writeSettings(userDataDir, { ...CALM, ...cluster.settings }, {});
  await step("installing the extension into VS Code", () => installIntoDesktop(vsix, options));
  return { url: undefined, ...startDesktop(options) };
}

async function openBrowserHosted(cluster: Cluster, packaged: Promise<string>): Promise<OpenEditor> {
  const { folder, userDataDir, extensionsDir } = place(cluster, "browser");
  const [editor, vsix] = await Promise.all([ensureEditor(), packaged]);
  await step("installing the extension into the editor", () =>
    installExtension(vsix, extensionsDir, userDataDir, editor),
  );
  writeMachineSettings(userDataDir, cluster.settings);
  const options = { editor, folder, extensionsDir, userDataDir, env: { KUBECONFIG: cluster.kubeconfig } };
  const { url, exited, stop } = await step("starting the editor", () => serveEditor(options));
  const ended = exited.then(({ code, output }) => `The editor's server ended with ${code}.\n${output.slice(-2000)}`);
  return { url, ended, stop };
}

/** Project and profile stay from one start to the next; the two kinds of editor do not share what they write. */
function place(cluster: Cluster, editor: "desktop" | "browser") {
  return {
    folder: copyProject(path.join(START_FOLDER, "project")),
    userDataDir: path.join(START_FOLDER, `${editor}-${cluster.key}`),
    extensionsDir: path.join(START_FOLDER, `${editor}-extensions`),
  };
}

function tellWhatToDo({ url }: OpenEditor): void {
  if (url === undefined) say(`VS Code is open. ${WHAT_TO_DO}`);
  else {
    say("The editor is ready:");
    console.log(`\n${url}\n\nOpen this address. ${WHAT_TO_DO} (Ctrl+C ends the editor.)\n`);
  }
}
