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
  process.exitCode = failures === 0 ? 0 : 1;
  // A test that leaves something open must not keep the ring alive; what it leaves is its own test's concern.
  setTimeout(() => process.exit(), 3000).unref();
});
