// `npm start`: everything from nothing to a real VS Code on the sample project, with the extension and a cluster in it.
import process from "node:process";
import { packageExtension } from "../../scripts/package.ts";
import { step } from "../../scripts/steps.mjs";
import { parseArguments, USAGE, UsageError } from "./args.ts";
import { planCluster } from "./cluster.ts";
import { runHeadless } from "./headless.ts";
import { Interrupted, listenForInterruption } from "./interruption.ts";
import { oneLine } from "./oneLine.ts";
import { runWindow } from "./window.ts";

/** When the person pressed Enter, as run.mjs knows it: Node and packages may have been installed since. */
const BEGUN_VARIABLE = "TRAINYARD_BEGUN";

async function main(): Promise<number> {
  const begun = Number(process.env[BEGUN_VARIABLE]) || Date.now();
  // What is started from here, a terminal in the editor for one, began at another time.
  Reflect.deleteProperty(process.env, BEGUN_VARIABLE);
  // npm has the folder that the person is in; ours is the checkout.
  const args = parseArguments(process.argv.slice(2), process.env["INIT_CWD"] ?? process.cwd());
  if (args.help) {
    console.log(USAGE);
    return 0;
  }
  const interruption = listenForInterruption();
  const cluster = await Promise.race([planCluster(args), interruption]);
  const packaged = step("building and packing the extension", () => packageExtension());
  packaged.catch(() => undefined); // Waited for when the editor is there.
  if (args.headless) return runHeadless({ args, cluster, packaged, interruption, begun });
  return runWindow(await Promise.race([cluster(), interruption]), packaged, interruption);
}

// Whoever reads our lines may be gone before we are.
process.stdout.on("error", () => undefined);
let code: number;
try {
  code = await main();
} catch (error) {
  console.error(oneLine(error));
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  code = error instanceof UsageError ? 2 : error instanceof Interrupted ? 130 : 1;
}
// What was begun in the background and is not wanted any more must not hold the command.
process.exit(code);
