import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { CancelledError } from "../../src/core/errors.ts";
import { LogFile } from "../../src/jobs/logFile.ts";
import type { FollowSink, LogRecord, LogWords } from "../../src/jobs/index.ts";
import { JobTerminal } from "../../src/terminal/jobTerminal.ts";
import { JobProblems } from "../../src/terminal/problems.ts";
import { silentLogger } from "../../src/core/log.ts";
import { until } from "../editor/until.ts";

const UID = "0123456789";
const record = (source: number, text: string): LogRecord => ({ source, time: "", text });

/** What the terminal in front holds, its scrollback too: by the way a person copies it. */
async function shown(): Promise<string> {
  await vscode.commands.executeCommand("workbench.action.terminal.selectAll");
  await vscode.commands.executeCommand("workbench.action.terminal.copySelection");
  return vscode.env.clipboard.readText();
}

const showing = (text: string, what: (screen: string) => boolean): Promise<string> => until(text, shown, what, 20_000);

/** A job in a terminal; its cluster alone is played here. */
class Console {
  readonly terminal: vscode.Terminal;
  readonly problems = new JobProblems(silentLogger, ({ root }, { path: at, line, cell }) => {
    const file = path.join(root, at);
    if (cell !== undefined) return Promise.resolve({ file, line, cell, hasChanged: false });
    return Promise.resolve({ file, line, hasChanged: true, sent: path.join(root, "sent.py") });
  });
  readonly #begun: Promise<{ log: LogFile; sink: FollowSink; words: LogWords }>;
  filter = "";

  constructor(folder: string) {
    const target = { namespace: "alice", name: "bert-91bc", uid: UID };
    const code = { script: path.join(folder, "train.py"), root: folder, launch: "4f2a91b3c0de" };
    const begun = Promise.withResolvers<{ log: LogFile; sink: FollowSink; words: LogWords }>();
    this.#begun = begun.promise;
    const pty = new JobTerminal({
      engine: () =>
        Promise.resolve({
          follow: async (_context, _target, sink, signal, words) => {
            const log = await LogFile.create(folder, target.name, UID);
            words.onLog(log);
            begun.resolve({ log, sink, words });
            await new Promise((_resolve, reject) =>
              signal.addEventListener("abort", () => reject(new CancelledError())),
            );
            throw new CancelledError();
          },
        }),
      begin: () =>
        Promise.resolve({ context: "c", target, header: "bert-91bc · 2 nodes", ranks: 2, isOurs: false, code }),
      askStop: () => Promise.resolve("stop-following"),
      askFilter: () => Promise.resolve(this.filter),
      stopJob: () => Promise.resolve(),
      openLog: () => undefined,
      onBegin: (followed) => this.problems.begin(followed),
      onRaised: (followed, raised) => this.problems.add(followed, raised),
      onEnd: () => undefined,
      onStopFollowing: () => undefined,
      onFailure: assert.ifError,
    });
    this.terminal = vscode.window.createTerminal({ name: "bert-91bc", pty, isTransient: true });
    this.terminal.show();
  }

  async lines(...records: readonly LogRecord[]): Promise<void> {
    const { log, sink } = await this.#begun;
    await log.write(records, () => sink.lines(records));
  }

  async bars(...records: readonly LogRecord[]): Promise<void> {
    const { words } = await this.#begun;
    words.onBars?.(records);
  }

  async raise(text: string, at: { path: string; line: number; cell?: number }): Promise<void> {
    const { words } = await this.#begun;
    words.onRaised?.({ source: 1, text, ...at });
  }

  key(key: string): void {
    this.terminal.sendText(key, false);
  }
}

describe("the log console", () => {
  let folder: string;
  let job: Console;

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-console-"));
    await fs.writeFile(path.join(folder, "train.py"), "import torch\nraise RuntimeError()\n");
    job = new Console(folder);
  });
  after(async () => {
    job.terminal.dispose();
    job.problems.dispose();
    await fs.rm(folder, { recursive: true });
  });

  it("shows one rank alone after f, its lines from the file first, and all again without a filter", async () => {
    await job.lines(record(0, "early zero"), record(1, "early one"), record(1, "colours \u001b[31mred"));
    await showing("all lines", (screen) => /f filter · p pause · o open log/.test(screen) && /red/.test(screen));
    job.filter = "rank:1";
    job.key("f");
    const early = await showing("the lines of rank 1", (screen) => /filter: rank:1/.test(screen));
    assert.ok(early.includes("▶ bert-91bc") && early.includes("1 │ early one") && !early.includes("zero"), early);
    await job.lines(record(0, "late zero"), record(1, "late one"));
    const late = await showing("its next line", (screen) => screen.includes("1 │ late one"));
    assert.ok(!late.includes("zero"), late);
    job.filter = "";
    job.key("f");
    const all = await showing("all lines again", (screen) => screen.includes("0 │ late zero"));
    assert.deepEqual(all.match(/\d │ \w+ \w+/g), [
      "0 │ early zero",
      "1 │ early one",
      "1 │ colours red",
      "0 │ late zero",
      "1 │ late one",
    ]);
  });

  it("stands still after p, and goes on after another with what came meanwhile", async () => {
    job.key("p");
    await showing("the pause", (screen) => screen.includes("paused"));
    await job.lines(record(0, "while paused"));
    const log = await fs.readFile(path.join(folder, "bert-91bc-01234567.log"), "utf8");
    assert.ok(log.endsWith("0 │ while paused\n"));
    assert.ok(!(await shown()).includes("while paused"));
    job.key("p");
    await showing("what came", (screen) => /1 line came meanwhile[^]*0 │ while paused/.test(screen));
  });

  it("draws a bar in one row, and nothing of it stays behind", async () => {
    for (let percent = 0; percent <= 40; percent++) {
      await job.bars(record(0, `\rbar ${percent}%\u001b[A`), record(1, `\rbar ${percent + 1}%\u001b[A`));
      if (percent === 20) await job.lines(record(1, "between bars"));
    }
    const drawn = await showing("the bars", (screen) => /1 │ bar 41%/.test(screen));
    assert.match(drawn, /1 │ between bars\s+0 │ bar 40%\s+1 │ bar 41%/);
    assert.equal(drawn.match(/bar \d+%/g)?.length, 2, drawn);
    await job.bars();
    await job.lines(record(0, "after the bars"));
    const rest = await showing("the next line", (screen) => screen.includes("after the bars"));
    assert.match(rest, /1 │ between bars\s+0 │ after the bars/);
  });

  it("puts a traceback on its line, once", async () => {
    const uri = vscode.Uri.file(path.join(folder, "train.py"));
    for (const text of ["RuntimeError: shapes", "RuntimeError: shapes", "ValueError: 3"])
      await job.raise(text, { path: "train.py", line: 2 });
    const found = await until(
      "both problems",
      () => Promise.resolve(vscode.languages.getDiagnostics(uri)),
      (list) => list.length === 2,
    );
    assert.deepEqual(
      found.map(({ message, range, source }) => [message, range.start.line, source]),
      [
        ["RuntimeError: shapes (bert-91bc, rank 1). The file has changed since this run was launched.", 1, "Trainyard"],
        ["ValueError: 3 (bert-91bc, rank 1). The file has changed since this run was launched.", 1, "Trainyard"],
      ],
    );
    // The editor asks for actions only in a file that it shows.
    await vscode.window.showTextDocument(uri);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      ...[uri, new vscode.Range(1, 0, 1, 0)],
    );
    const compare = actions.find(({ title }) => title === "Compare with the File as bert-91bc Ran It");
    assert.ok(compare?.command !== undefined, JSON.stringify(actions));
    await fs.writeFile(path.join(folder, "sent.py"), "raise RuntimeError()\n");
    const { command, arguments: args = [] } = compare.command;
    await vscode.commands.executeCommand(command, ...(args as unknown[]));
    const input = await until(
      "both files beside each other",
      () => Promise.resolve(vscode.window.tabGroups.activeTabGroup.activeTab?.input),
      (shown) => shown instanceof vscode.TabInputTextDiff,
    );
    assert.ok(input instanceof vscode.TabInputTextDiff);
    assert.deepEqual([input.original.fsPath, input.modified.fsPath], [path.join(folder, "sent.py"), uri.fsPath]);
  });

  it("puts what a notebook raised into its code cell, also when that is opened anew", async () => {
    const cells = ["import torch", "def f():\n  raise ValueError()"].flatMap((source) => [
      { cell_type: "markdown", source: "# text", metadata: {} },
      { cell_type: "code", source, outputs: [], metadata: {}, execution_count: null },
    ]);
    const uri = vscode.Uri.file(path.join(folder, "fit.ipynb"));
    await fs.writeFile(uri.fsPath, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    await job.raise("ValueError", { path: "fit.ipynb", cell: 2, line: 2 });
    const [[cell, [found]]] = (await until(
      "the problem",
      // Other extensions may have looked at its cells, and found nothing.
      () =>
        Promise.resolve(
          vscode.languages.getDiagnostics().filter(([at, found]) => at.path === uri.path && found.length > 0),
        ),
      ([first]) => first !== undefined,
    )) as [[vscode.Uri, vscode.Diagnostic[]]];
    assert.deepEqual([cell.scheme, found?.range.start.line], ["vscode-notebook-cell", 1]);
    const notebook = await vscode.workspace.openNotebookDocument(uri);
    assert.equal(notebook.getCells()[3]?.document.uri.toString(), cell.toString());
  });
});
