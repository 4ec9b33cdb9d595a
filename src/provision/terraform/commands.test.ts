import assert from "node:assert/strict";
import { terraformEnv } from "./commands.ts";

const PLACE = { folder: "/f", storage: "/s", pluginCache: "/p" };
const KEYS = {
  AWS_ACCESS_KEY_ID: "a",
  AWS_SECRET_ACCESS_KEY: "b",
  AWS_SESSION_TOKEN: "c",
  AWS_WEB_IDENTITY_TOKEN_FILE: "d",
};

describe("Terraform's environment", () => {
  it("has no keys of AWS beside a chosen profile, which they would beat, and keeps them without one", () => {
    const of = (profile: string) => terraformEnv({ ...KEYS, HOME: "/h" }, { ...PLACE, aws: { profile, region: "r" } });
    const chosen = of("team");
    assert.deepEqual([chosen["AWS_PROFILE"], chosen["HOME"], chosen["AWS_REGION"]], ["team", "/h", "r"]);
    for (const name of Object.keys(KEYS)) assert.deepEqual([chosen[name], name in of("")], [undefined, true], name);
  });

  it("has nothing that changes what the arguments and files mean", () => {
    const env = terraformEnv({ TF_VAR_region: "x", tf_var_name: "x", TF_CLI_ARGS_plan: "-x", TF_LOG: "trace" }, PLACE);
    assert.deepEqual(
      Object.keys(env).filter((name) => /^tf_(var|cli|log)/i.test(name)),
      [],
    );
  });
});
