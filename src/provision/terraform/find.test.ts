import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isUserError } from "../../core/errors.ts";
import { terraformEnv } from "./commands.ts";
import { findTerraform, type FindOptions } from "./find.ts";

describe("finding Terraform", function () {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "trainyard-find-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A stand-in that answers both questions for its version. */
  function add(name: string, version: string, says = "Terraform"): string {
    const file = path.join(folder, name);
    const json = JSON.stringify({ terraform_version: version, platform: "linux_amd64" });
    const body = `process.stdout.write(process.argv.includes("-json") ? ${JSON.stringify(json)} : "${says} v${version}\\n")`;
    writeFileSync(file, `#!${process.execPath}\n${body}\n`, { mode: 0o755 });
    return file;
  }
  const find = (more: Partial<FindOptions> = {}) =>
    findTerraform({ env: { PATH: folder }, platform: process.platform, ...more });
  const codeOf = async (promise: Promise<unknown>) => {
    const error = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return isUserError(error) ? [error.code, error.next[0]?.title] : [];
  };

  it("takes terraform before tofu, and tofu where it stands alone", async () => {
    add("tofu", "1.12.0", "OpenTofu");
    assert.deepEqual((await find()).kind, "tofu");
    add("terraform", "1.14.2");
    const { kind, version, file } = await find();
    assert.deepEqual([kind, version, file], ["terraform", "1.14.2", path.join(folder, "terraform")]);
  });

  it("knows OpenTofu behind the other name", async () => {
    add("terraform", "1.10.6", "OpenTofu");
    assert.equal((await find()).kind, "tofu");
  });

  it("looks on the login shell's PATH, and gives it to what it starts", async () => {
    add("terraform", "1.11.4");
    const found = await find({ env: { PATH: "/nowhere" }, loginPath: { get: () => Promise.resolve(folder) } });
    assert.equal(found.env["PATH"], folder);
  });

  it("goes by the setting, and never by a path that a folder could give", async () => {
    const file = add("mine", "1.11.4");
    assert.equal((await find({ setting: file })).file, file);
    for (const setting of ["./mine", path.join(folder, "gone")])
      assert.deepEqual(await codeOf(find({ setting })), ["terraform-setting", "Open Settings"]);
  });

  it("says what is missing, too old or broken, with the page to get it from", async () => {
    assert.deepEqual(await codeOf(find()), ["terraform-missing", "How to Install Terraform"]);
    add("tofu", "1.9.1", "OpenTofu");
    assert.deepEqual(await codeOf(find()), ["terraform-too-old", "How to Install OpenTofu"]);
    writeFileSync(path.join(folder, "terraform"), `#!${process.execPath}\nprocess.exit(3)\n`, { mode: 0o755 });
    assert.deepEqual((await codeOf(find()))[0], "terraform-broken");
  });

  it("gives Terraform the person's environment without what would change what we ask for", () => {
    const place = { folder: "/f", storage: "/s", pluginCache: "/c", aws: { profile: "dev", region: "eu-west-1" } };
    const base = {
      HOME: "/h",
      TF_CLI_ARGS_plan: "-target=x",
      TF_LOG: "trace",
      TF_WORKSPACE: "w",
      ELECTRON_RUN_AS_NODE: "1",
    };
    assert.deepEqual(terraformEnv(base, place), {
      ...{ HOME: "/h", TF_PLUGIN_CACHE_DIR: "/c", TF_IN_AUTOMATION: "1", TF_INPUT: "0", CHECKPOINT_DISABLE: "1" },
      ...{ TF_DATA_DIR: path.join("/s", "data"), AWS_PROFILE: "dev", AWS_REGION: "eu-west-1" },
    });
    assert.equal(
      terraformEnv(
        { TF_PLUGIN_CACHE_DIR: "/own", AWS_PROFILE: "theirs" },
        { ...place, aws: { profile: "", region: "" } },
      )["AWS_PROFILE"],
      "theirs",
    );
  });
});
