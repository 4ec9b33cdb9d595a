import Mocha from "mocha";
import { TallyReporter } from "../rings/tally.ts";

/** Runs what `load` defines, in this process: the extension host. Rejects where a test failed. */
export function runSuite(load: () => void): Promise<void> {
  const mocha = new Mocha({ ui: "bdd", reporter: TallyReporter, timeout: 60_000, color: true });
  mocha.suite.emit("pre-require", globalThis, "host", mocha);
  load();
  return new Promise((resolve, reject) => {
    mocha.run((failures) => (failures === 0 ? resolve() : reject(new Error(`${failures} tests failed`))));
  });
}
