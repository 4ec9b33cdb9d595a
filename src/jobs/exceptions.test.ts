import assert from "node:assert/strict";
import { ExceptionWatcher } from "./exceptions.ts";

function read(watcher: ExceptionWatcher, rank: number, text: string): void {
  for (const line of text.split("\n")) watcher.accept(rank, line);
}

const OWN = `Traceback (most recent call last):
  File "/opt/trainyard/code/train.py", line 41, in <module>
    main()
  File "/usr/lib/python3/torch/x.py", line 7, in y
    raise RuntimeError("shapes differ")
RuntimeError: shapes differ`;
const TORCHRUN = `Traceback (most recent call last):
  File "/usr/bin/torchrun", line 33, in <module>
    sys.exit(main())
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:`;

describe("the exception that ended a job", () => {
  it("is the one that went through the person's code, with its place there", () => {
    const watcher = new ExceptionWatcher();
    read(watcher, 0, `${OWN}\n${TORCHRUN}`);
    assert.deepEqual(watcher.first(), { source: 0, text: "RuntimeError: shapes differ", path: "train.py", line: 41 });
  });

  it("takes the place of one that did not, and not the other way round", () => {
    const watcher = new ExceptionWatcher();
    read(watcher, 1, `${TORCHRUN}\n${OWN}`);
    assert.equal(watcher.first()?.path, "train.py");
  });

  it("reads through torchrun's prefixes and colours, each rank by itself", () => {
    const watcher = new ExceptionWatcher();
    for (const line of OWN.split("\n")) {
      watcher.accept(1, `[rank1]: \u001b[31m${line}\u001b[0m`);
      watcher.accept(0, "epoch 1");
    }
    assert.deepEqual([watcher.first(1)?.source, watcher.first()?.text], [1, "RuntimeError: shapes differ"]);
  });

  it("stands in a notebook's cell, where it went through one", () => {
    const watcher = new ExceptionWatcher();
    const wrapper = '  File "/opt/trainyard/code/fit.ipynb.py", line 14, in <module>';
    read(watcher, 0, OWN.replace(/ {2}File .*\n.*main\(\)/, `${wrapper}\n  File "fit.ipynb, cell 2", line 4, in f`));
    const text = "RuntimeError: shapes differ";
    assert.deepEqual(watcher.first(), { source: 0, text, path: "fit.ipynb", line: 4, cell: 2 });
  });

  it("tells each one through the person's code to who asks, and none of the others", () => {
    const told: string[] = [];
    const watcher = new ExceptionWatcher(({ text, path, line }) => told.push(`${path}:${line} ${text}`));
    read(watcher, 0, [OWN, TORCHRUN, "epoch 2", OWN.replace("line 41", "line 7")].join("\n"));
    const text = "RuntimeError: shapes differ";
    assert.deepEqual(told, [`train.py:41 ${text}`, `train.py:7 ${text}`]);
  });

  it("reads on where standard output breaks into the traceback", () => {
    const watcher = new ExceptionWatcher();
    const lines = OWN.split("\n");
    read(watcher, 0, [...lines.slice(0, 3), "epoch 0", "INFO: saved", "Done", ...lines.slice(3)].join("\n"));
    assert.deepEqual(watcher.first(), { source: 0, text: "RuntimeError: shapes differ", path: "train.py", line: 41 });
  });

  it("knows exceptions by other names, and the end of what is none", () => {
    const last = (line: string): string | undefined => {
      const watcher = new ExceptionWatcher();
      read(watcher, 0, `Traceback (most recent call last):\n  File "/opt/trainyard/code/a.py", line 1, in f\n${line}`);
      return watcher.first()?.text;
    };
    for (const line of [
      "KeyboardInterrupt",
      "torch.OutOfMemoryError: CUDA",
      "my.pkg.BadShape: 3",
      "StopIteration",
      "ExceptionGroup: two (2 sub-exceptions)",
    ]) {
      assert.equal(last(line), line);
    }
    for (const line of ["INFO: fine", "Saving", "epoch: 1", "Error"])
      assert.equal(last(line), line === "Error" ? "Error" : undefined);
  });

  it("is the syntax error of a script that was never begun, not torchrun's complaint", () => {
    const watcher = new ExceptionWatcher();
    const said = '  File "/opt/trainyard/code/syn.py", line 2\n    def f(:\n          ^\nSyntaxError: invalid syntax';
    read(watcher, 0, `${said}\n${TORCHRUN}`);
    assert.deepEqual(watcher.first(), { source: 0, text: "SyntaxError: invalid syntax", path: "syn.py", line: 2 });
  });

  it("names none where none was raised", () => {
    const watcher = new ExceptionWatcher();
    read(watcher, 0, "Traceback is a nice word\nError: not one either");
    assert.equal(watcher.first(), undefined);
  });
});
