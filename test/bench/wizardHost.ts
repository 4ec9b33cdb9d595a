// The wizard as the extension composes it, without an editor: real rules, prices and templates, nobody signed in.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import * as v from "valibot";
import { ROOT } from "../../scripts/build.ts";
import { FromWizardSchema, type ToWizard } from "../../src/contract/wizard.ts";
import { errorText } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Desk, Wizard } from "../../src/provision/index.ts";
import { createProvisioning } from "../../src/provision/provisioning.ts";
import type { OnEnd } from "./ending.ts";

export class WizardHost {
  readonly wizard: Wizard;
  /** What the wizard says, and what was then done with it. */
  heard: (message: ToWizard) => void = () => undefined;

  /** What the person would have been told of. */
  readonly failures: readonly string[];

  private constructor(wizard: Wizard, failures: readonly string[]) {
    this.wizard = wizard;
    this.failures = failures;
    wizard.start((message) => this.heard(message), undefined);
  }

  static async open(onEnd: OnEnd): Promise<WizardHost> {
    const storage = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-bench-"));
    onEnd(() => fs.rmSync(storage, { recursive: true, force: true }));
    const failures: string[] = [];
    const desk: Desk = { ...DESK, fail: (error) => failures.push(errorText(error)) };
    const provisioning = createProvisioning({
      ...{ version: "0.0.0", env: {}, platform: process.platform, storage, desk, log: silentLogger },
      templates: path.join(ROOT, "media", "terraform"),
      keeper: { execPath: process.execPath, script: path.join(ROOT, "src/provision/terraform/keeper.ts") },
      terraformPath: () => "",
      client: () => Promise.reject(new Error("no cluster is reached here")),
      kubeflow: () => Promise.reject(new Error("nothing is installed here")),
    });
    onEnd(() => provisioning.dispose());
    const host = new WizardHost(await provisioning.wizard(), failures);
    onEnd(() => host.wizard.dispose());
    return host;
  }

  /** Hands over a message as the page's arrives: as JSON that is read and checked. */
  async tell(text: string): Promise<void> {
    await this.wizard.receive(v.parse(FromWizardSchema, JSON.parse(text)));
  }
}

function never(): never {
  throw new Error("the form alone asks nothing of the editor");
}

const DESK: Omit<Desk, "fail"> = {
  ...{ showText: never, openExternal: never, copy: never, runInTerminal: never, pickFolder: never, confirm: never },
  ...{ added: never, removed: never, reveal: never, run: never, openDashboard: never, tell: never },
};
