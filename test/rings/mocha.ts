// Runs mocha in plain Node on TypeScript files as they are, in a process of its own for each ring.
import path from "node:path";
import process from "node:process";
import Mocha from "mocha";
import { TallyReporter } from "./tally.ts";

const [timeout, ...files] = process.argv.slice(2);
const mocha = new Mocha({
  ui: "bdd",
  reporter: TallyReporter,
  timeout: Number(timeout),
  forbidOnly: process.env["CI"] !== undefined,
});
for (const file of files) mocha.addFile(path.resolve(file));
await mocha.loadFilesAsync();
mocha.run((failures) => {
  // At once: a test that leaves something open must not keep the ring alive, and Node's own end, which tidies up what is
  // still under way (24.21: Environment::CleanupHandles), was seen to turn for ever where a test had failed.
  process.stdout.write("", () => process.exit(failures === 0 ? 0 : 1));
});
