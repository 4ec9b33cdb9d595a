import assert from "node:assert/strict";
import path from "node:path";
import { parseArguments } from "./args.ts";

const CWD = path.resolve("/somewhere");

describe("editor: VS Code's command line", () => {
  it("reads what runTests gives", () => {
    const argv = [
      "ws",
      "--no-sandbox",
      "--disable-workspace-trust",
      "--extensionTestsPath=/t/index.js",
      "--extensionDevelopmentPath=/e/one",
      "--extensionDevelopmentPath=/e/two",
    ];
    const args = parseArguments([...argv, "--disable-extensions", "--user-data-dir=/u", "--extensions-dir=x"], CWD);
    assert.deepEqual(args, {
      open: path.join(CWD, "ws"),
      developmentPaths: ["/e/one", "/e/two"].map((file) => path.resolve(file)),
      testsPath: path.resolve("/t/index.js"),
      userDataDir: path.resolve("/u"),
      extensionsDir: path.join(CWD, "x"),
      trust: true,
      disableExtensions: true,
      proposedApi: [],
    });
  });

  it("takes a value that is the next argument for no folder", () => {
    const args = parseArguments(["--user-data-dir", "/u", "--locale", "de", "/ws"], CWD);
    assert.equal(args.userDataDir, path.resolve("/u"));
    assert.equal(args.open, path.resolve("/ws"));
  });

  it("leaves Restricted Mode on unless told otherwise", () => {
    assert.equal(parseArguments(["/ws"], CWD).trust, false);
  });

  it("opens addresses as well as paths", () => {
    assert.equal(
      parseArguments(["--folder-uri=file:///some%20where/else"], CWD).open,
      path.resolve("/some where/else"),
    );
  });

  it("passes on what needs no window, and only what the server's program knows", () => {
    const argv = ["--no-sandbox", "--install-extension", "a.vsix", "--force", "--user-data-dir=/u"];
    assert.deepEqual(parseArguments(argv, CWD).passOn, ["--install-extension", "a.vsix", "--force"]);
    assert.deepEqual(parseArguments(["-v"], CWD).passOn, ["-v"]);
    assert.equal(parseArguments(["/ws"], CWD).passOn, undefined);
  });

  it("keeps an equals sign within a value", () => {
    assert.deepEqual(parseArguments(["--extensionDevelopmentPath=/a=b"], CWD).developmentPaths, [path.resolve("/a=b")]);
  });
});
