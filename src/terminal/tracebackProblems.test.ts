import assert from "node:assert/strict";
import { TracebackProblems } from "./tracebackProblems.ts";

const NAME = "bert-91bc";
const raised = { source: 1, text: "RuntimeError: shapes differ", path: "pkg/mod.py", line: 41 };
const PLACE = { file: "/p/pkg/mod.py", line: 43, hasChanged: false };

describe("problems from tracebacks", () => {
  it("are told once per distinct error, whatever ranks raise it, at the local line", () => {
    const problems = new TracebackProblems();
    problems.begin("/p/train.py");
    const place = problems.claim("/p/train.py", NAME, raised);
    for (const source of [1, 0, "ps-0"])
      assert.equal(problems.claim("/p/train.py", NAME, { ...raised, source }), undefined);
    assert.deepEqual(problems.of("/p/pkg/mod.py"), [], "its place is not known yet");
    place?.(PLACE);
    problems.claim("/p/train.py", NAME, { ...raised, text: "ValueError: 3" })?.(PLACE);
    assert.deepEqual(problems.of("/p/pkg/mod.py"), [
      { ...PLACE, name: NAME, text: "RuntimeError: shapes differ (bert-91bc, rank 1)" },
      { ...PLACE, name: NAME, text: "ValueError: 3 (bert-91bc, rank 1)" },
    ]);
  });

  it("say that the file has changed since the launch", () => {
    const problems = new TracebackProblems();
    problems.begin("/p/train.py");
    problems.claim("/p/train.py", NAME, raised)?.({ ...PLACE, hasChanged: true });
    assert.match(problems.of("/p/pkg/mod.py")[0]?.text ?? "", /rank 1\)\. The file has changed since this run/);
  });

  it("are over when the script's next run begins, and those of other scripts stay", () => {
    const problems = new TracebackProblems();
    let late: ReturnType<TracebackProblems["claim"]>;
    for (const script of ["/p/a.py", "/p/b.py"]) {
      problems.begin(script);
      problems.claim(script, script, raised)?.(PLACE);
      late ??= problems.claim(script, script, { ...raised, line: 1 });
    }
    assert.deepEqual([...problems.begin("/p/a.py")], ["/p/pkg/mod.py"]);
    late?.(PLACE);
    assert.deepEqual(
      problems.of("/p/pkg/mod.py").map(({ text }) => text),
      ["RuntimeError: shapes differ (/p/b.py, rank 1)"],
    );
  });
});
