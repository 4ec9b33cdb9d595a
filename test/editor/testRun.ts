// The launcher's side of shim.ts: what the tests print, and whether they said that they passed.
import fs from "node:fs";
import path from "node:path";

export type Output = (channel: "stdout" | "stderr", text: string) => void;

const POLL_MS = 100;

/** Follows the file that the shim writes. */
export class TestRun {
  /** What the server needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Undefined while the tests have not come to their end. */
  verdict: "pass" | "fail" | undefined;
  private readonly file: string;
  private readonly onOutput: Output;
  private readonly timer: NodeJS.Timeout;
  private position = 0;

  constructor(folder: string, testsPath: string, onOutput: Output) {
    this.file = path.join(folder, "tests.jsonl");
    this.onOutput = onOutput;
    fs.writeFileSync(this.file, "");
    this.env = { TRAINYARD_EDITOR_TESTS: testsPath, TRAINYARD_EDITOR_OUTPUT: this.file };
    this.timer = setInterval(() => this.read(), POLL_MS);
  }

  /** Takes in whole lines; the rest is left for the next time. */
  read(): void {
    if (!fs.existsSync(this.file)) return;
    const fresh = fs.readFileSync(this.file).subarray(this.position);
    const end = fresh.lastIndexOf("\n") + 1;
    this.position += end;
    for (const line of fresh.subarray(0, end).toString().split("\n").filter(Boolean)) {
      const [channel, text] = JSON.parse(line) as [string, string];
      if (channel === "verdict") this.verdict = text === "pass" ? "pass" : "fail";
      else this.onOutput(channel === "stderr" ? "stderr" : "stdout", text);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.read();
  }
}
