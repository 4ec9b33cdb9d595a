import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { workflowOf } from "../../src/pipelines/workflow/workflow.ts";
import { runStep } from "../images/githubStep.ts";
import { kfpPython } from "../pipelines/support.ts";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import { describePipelines, PipelinesServer } from "./pipelineFixtures.ts";
import { Cleanup, kubeconfigOf, openRig, temporaryFolder } from "./support.ts";

const NAME = "shipped-by-push";
const UPLOAD = "Upload, and run where an image is new";

const pipelineText = (digit: string): string => `from kfp import dsl

SAY_IMAGE = "ghcr.io/team/say@sha256:${digit.repeat(64)}"


@dsl.container_component
def say(words: str):
    return dsl.ContainerSpec(image=SAY_IMAGE, command=["echo"], args=[words])


@dsl.pipeline(name="${NAME}")
def shipped(words: str = "nothing was said"):
    say(words=words)
`;

interface Listed {
  readonly pipelines?: readonly { readonly pipeline_id: string; readonly display_name: string }[];
  readonly pipeline_versions?: readonly { readonly pipeline_version_id: string; readonly display_name: string }[];
  readonly runs?: readonly {
    readonly run_id: string;
    readonly display_name: string;
    readonly experiment_id: string;
    readonly pipeline_version_reference?: { readonly pipeline_version_id: string };
    readonly runtime_config?: { readonly parameters?: Readonly<Record<string, unknown>> };
  }[];
}

describePipelines("a workflow that ships to Kubeflow Pipelines", () => {
  const cleanup = new Cleanup();
  let server: PipelinesServer;
  let folder: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    const rig = await openRig(cleanup, kubeconfigOf("admin"));
    server = new PipelinesServer(rig);
    folder = await temporaryFolder(cleanup);
    await fs.mkdir(path.join(folder, "components", "say"), { recursive: true });
    await fs.writeFile(path.join(folder, "components", "say", "Dockerfile"), "FROM busybox\n");
    await fs.writeFile(path.join(folder, "pipeline.py"), pipelineText("a"));
    const bin = path.join(folder, "bin");
    await fs.mkdir(bin);
    // As they are on GitHub's runners; kfp is there already, in the version that the step asks for.
    const programs = {
      python: `${kfpPython()} "$@"`,
      pip: `${kfpPython()} -m pip --disable-pip-version-check "$@"`,
      kfp: `${kfpPython()} -c "from kfp.cli.__main__ import main; main()" "$@"`,
      kubectl: `${await kubernetesProgram()} kubectl "$@"`,
    };
    for (const [name, line] of Object.entries(programs))
      await fs.writeFile(path.join(bin, name), `#!/bin/sh\nexec ${line}\n`, { mode: 0o755 });
    env = {
      ...{ PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: folder, PIPELINE: NAME },
      ...{ KFP_ENDPOINT: "", KFP_NAMESPACE: "", KFP_EXPERIMENT: "", KFP_TOKEN: "", KFP_PARAMETERS: "" },
      KUBECONFIG_TEXT: await fs.readFile(kubeconfigOf("admin"), "utf8"),
    };
    cleanup.add(removeAll);
  });

  after(() => cleanup.run());

  /** Compile, then upload, as the job does one after the other. */
  async function ship(more: Readonly<Record<string, string>>): Promise<string> {
    const wish = { folder, below: "", branch: "main", registry: "ghcr.io/team" };
    const { text } = await workflowOf(wish);
    const temp = await fs.mkdtemp(path.join(folder, "runner-"));
    for (const step of ["Compile", UPLOAD]) {
      const { code, log } = await runStep(text, step, temp, folder, { ...env, ...more });
      assert.equal(code, 0, log);
      if (step === UPLOAD) return log;
    }
    return "";
  }

  async function listed(): Promise<Listed> {
    const filter = JSON.stringify({ predicates: [{ operation: "EQUALS", key: "display_name", stringValue: NAME }] });
    const { pipelines } = (await server.get(`/pipelines?filter=${encodeURIComponent(filter)}`)) as Listed;
    const id = pipelines?.[0]?.pipeline_id;
    if (id === undefined) return {};
    const { pipeline_versions: versions = [] } = (await server.get(`/pipelines/${id}/versions`)) as Listed;
    const { runs = [] } = (await server.get("/runs?page_size=200&sort_by=created_at%20desc")) as Listed;
    const own = runs.filter(({ display_name: name }) => name.startsWith(`${NAME} `));
    return { ...(pipelines && { pipelines }), pipeline_versions: versions, runs: own };
  }

  async function removeAll(): Promise<void> {
    const { pipelines = [], pipeline_versions: versions = [], runs = [] } = await listed();
    for (const { run_id: id } of runs) await server.remove(`/runs/${id}`);
    const [pipeline] = pipelines;
    if (pipeline === undefined) return;
    for (const { pipeline_version_id: id } of versions)
      await server.remove(`/pipelines/${pipeline.pipeline_id}/versions/${id}`);
    await server.remove(`/pipelines/${pipeline.pipeline_id}`);
  }

  it("makes the pipeline at first and runs it with the inputs that were set", async function () {
    this.timeout(120_000);
    const log = await ship({ RUN: "true", KFP_PARAMETERS: '{"words": "by a push"}' });
    const { pipelines, pipeline_versions: versions = [], runs = [] } = await listed();
    assert.equal(pipelines?.length, 1);
    assert.equal(versions.length, 1);
    assert.equal(runs.length, 1, log);
    assert.equal(runs[0]?.display_name, `${NAME} 0123456789ab-7.1`);
    assert.equal(runs[0].pipeline_version_reference?.pipeline_version_id, versions[0]?.pipeline_version_id);
    assert.deepEqual(runs[0].runtime_config?.parameters, { words: "by a push" });
  });

  it("uploads nothing that is there already, and runs nothing without a new image", async function () {
    this.timeout(120_000);
    await ship({ RUN: "false", GITHUB_RUN_NUMBER: "8" });
    const { pipeline_versions: versions = [], runs = [] } = await listed();
    assert.deepEqual([versions.length, runs.length], [1, 1]);
  });

  it("uploads a version and runs it where an image is another", async function () {
    this.timeout(120_000);
    await fs.writeFile(path.join(folder, "pipeline.py"), pipelineText("b"));
    await ship({ RUN: "true", GITHUB_RUN_NUMBER: "9" });
    const { pipeline_versions: versions = [], runs = [] } = await listed();
    assert.deepEqual([versions.length, runs.length], [2, 2]);
    const version = versions.find(({ display_name: name }) => name === "0123456789ab-9.1");
    assert.ok(version);
    assert.equal(runs[0]?.pipeline_version_reference?.pipeline_version_id, version.pipeline_version_id);
  });
});
