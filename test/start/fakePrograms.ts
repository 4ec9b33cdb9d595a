// Test double: programs that only record how they were called. They stand alone in a folder that serves as PATH.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export interface FakePrograms {
  readonly folder: string;
  /** @param body lines of sh; none: it ends well and says nothing */
  add(name: string, body?: string): void;
  /** Each call as `name arguments`, in order; `KUBECONFIG` of it after ` @`, where it is one of ours. */
  calls(): readonly string[];
  remove(): void;
}

export function fakePrograms(): FakePrograms {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-programs-"));
  const record = path.join(folder, "calls.txt");
  return {
    folder,
    add(name, body = "exit 0") {
      const note = `echo "${name} $*\${KUBECONFIG:+ @$KUBECONFIG}" >> '${record}'`;
      fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${note}\n${body}\n`, { mode: 0o755 });
    },
    calls: () => (fs.existsSync(record) ? fs.readFileSync(record, "utf8").trim().split("\n") : []),
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}
