import { lstat, readFile } from "node:fs/promises";
import path from "node:path";
import { unlessMissing, UserError } from "../../core/errors.ts";
import { type Component, componentsOf } from "../images/components.ts";
import { ignoreFileOf, PIPELINE_FILE } from "../images/content.ts";
import { sourcesOf } from "../images/dockerfile.ts";
import { hostOf, registryProblem, slug, targetRepository } from "../images/reference.ts";
import { CHECKOUT, KFP_VERSION, PYTHON_VERSION, RUNNER, SETUP_PYTHON } from "./pins.ts";
import { compileScript, shipScript, UPLOAD_SCRIPT } from "./steps.ts";

export interface WorkflowWish {
  /** Absolute folder of `pipeline.py`. */
  readonly folder: string;
  /** The same below the repository's, POSIX; "" where it is that. */
  readonly below: string;
  /** Whose pushes count. */
  readonly branch: string;
  /** Registry and place in it for images that name none, such as `ghcr.io/team`. */
  readonly registry: string;
}

export interface Workflow {
  readonly pipeline: string;
  /** Below the repository's folder, POSIX. */
  readonly path: string;
  readonly text: string;
}

const GITHUB_REGISTRY = "ghcr.io";

/**
 * A workflow for GitHub that builds the images whose files have changed, compiles the pipeline, uploads it as a version,
 * and runs that where an image is new. Rejects with UserError `no-workflow` where the folder has nothing to build or a
 * name that no workflow can hold.
 */
export async function workflowOf(wish: WorkflowWish): Promise<Workflow> {
  const { folder, below, branch, registry } = wish;
  const components = await componentsOf(folder);
  if (components.length === 0)
    throw notWritten(`${PIPELINE_FILE} names no image that components/ has a Dockerfile for.`);
  const parts = await Promise.all(components.map(async (component) => partOf(component, registry)));
  const pipeline = await nameOf(folder);
  const file = `.github/workflows/${slug(pipeline)}.yml`;
  const hosts = [...new Set(parts.map(({ image }) => hostOf(image) ?? ""))];
  const [host = "", ...others] = hosts;
  for (const { image } of parts) {
    const problem = registryProblem(image);
    if (problem !== undefined) throw notWritten(`${JSON.stringify(image)} names no image of a registry. ${problem}`);
  }
  if (others.length > 0) throw notWritten(`The images go to more than one registry: ${hosts.join(", ")}.`);
  for (const name of [below, branch, pipeline, ...parts.flatMap(({ files }) => files)])
    if (/\p{Cc}|\$\{\{/u.test(name)) throw notWritten(`${JSON.stringify(name)} cannot stand in a workflow.`);
  const text = workflowText({ pipeline, below, file, host, parts, branch });
  return { pipeline, path: file, text };
}

interface Part {
  readonly id: string;
  readonly image: string;
  /** Pathspecs of what goes into it, relative to the pipeline's folder. */
  readonly files: readonly string[];
  /** The same for the filter of a push. */
  readonly watched: readonly string[];
}

async function partOf(component: Component, registry: string): Promise<Part> {
  const { id, context, dockerfile, image } = component;
  const ignored = await ignoreFileOf(component);
  const always = [dockerfile, ...(ignored === undefined ? [] : [ignored])].map((one) =>
    path.relative(context, one).split(path.sep).join("/"),
  );
  const sources = sourcesOf(await readFile(dockerfile, "utf8"));
  return {
    id,
    image: targetRepository(image, registry),
    // All but what names the images: it changes with each of them.
    files: [...always, ...(sources ?? [".", `:!${PIPELINE_FILE}`])],
    watched: [
      ...always,
      ...(await Promise.all((sources ?? []).map(watched))),
      ...(sources === undefined ? ["**"] : []),
    ],
  };

  async function watched(source: string): Promise<string> {
    const isFolder = (await lstat(path.join(context, source)).catch(unlessMissing))?.isDirectory() === true;
    return isFolder ? `${source}/**` : source;
  }
}

/** As `pipeline.py` says, else the folder's. */
async function nameOf(folder: string): Promise<string> {
  const text = await readFile(path.join(folder, PIPELINE_FILE), "utf8");
  const named = /^@(?:\w+\.)*pipeline\([^)]*?\bname\s*=\s*(["'])([^"'\\\r\n]+)\1/m.exec(text)?.[2];
  return named ?? path.basename(folder);
}

/** What is to be set in the repository's settings before its first run, one line each. */
function needsOf(host: string): readonly string[] {
  const registry = [`variable REGISTRY_USERNAME, secret REGISTRY_PASSWORD: who pushes to ${host}`];
  return [
    ...(host === GITHUB_REGISTRY ? [] : registry),
    "variable KFP_ENDPOINT: address of Kubeflow Pipelines that GitHub’s runners reach, such as https://host/pipeline",
    "secret KFP_TOKEN: a token that this address takes, where it asks who calls",
    "or secret KUBECONFIG: text of a kubeconfig, where the cluster is reached in its place, with a port-forward",
    "variable KFP_NAMESPACE: your profile’s namespace, where Kubeflow has profiles",
  ];
}

const OPTIONAL = [
  "variable KFP_EXPERIMENT: where the runs go; left out, the pipeline’s name",
  'variable KFP_PARAMETERS: inputs of the runs as JSON, such as {"epochs": 3}',
];

interface WorkflowFacts extends Pick<Workflow, "pipeline"> {
  readonly below: string;
  readonly file: string;
  readonly host: string;
  readonly parts: readonly Part[];
  readonly branch: string;
}

function workflowText({ pipeline, below, file, host, parts, branch }: WorkflowFacts): string {
  const isGitHub = host === GITHUB_REGISTRY;
  const under = (one: string): string => (below === "" ? one : `${below}/${one}`);
  const watched = [...new Set([PIPELINE_FILE, ...parts.flatMap((part) => part.watched)])];
  const calls = parts.map(({ id, image, files }) => ["ship", id, ...[image, ...files].map(bash)].join(" "));
  return `\
# Builds the images of ${pipeline} whose files have changed, uploads the pipeline as a version, and runs it where an image
# is new. Written by Trainyard for Kubeflow; yours to change.
#
# Settings of the repository, Secrets and variables, Actions:
${[...needsOf(host), ...OPTIONAL].map((need) => `# - ${need}`).join("\n")}
name: ${yaml(pipeline)}

on:
  push:
    branches: [${yaml(branch)}]
    paths:
${[...watched.map(under), file].map((one) => `      - ${yaml(one)}`).join("\n")}
  workflow_dispatch:

permissions:
  contents: read
${isGitHub ? "  packages: write # pushes the images\n" : ""}
# One after the other: a run that has begun is not cut off.
concurrency:
  group: ${yaml(`pipeline-${slug(pipeline)}`)}

jobs:
  ship:
    runs-on: ${RUNNER}
    timeout-minutes: 120
    defaults:
      run:
        shell: bash
        working-directory: ${yaml(below === "" ? "." : below)}
    steps:
      - uses: ${used(CHECKOUT)}
        with:
          persist-credentials: false
      - uses: ${used(SETUP_PYTHON)}
        with:
          python-version: "${PYTHON_VERSION}"
      - name: Log in to the registry
        env:
          REGISTRY_USERNAME: \${{ ${isGitHub ? "github.actor" : "vars.REGISTRY_USERNAME"} }}
          REGISTRY_PASSWORD: \${{ ${isGitHub ? "github.token" : "secrets.REGISTRY_PASSWORD"} }}
        run: docker login ${host} --username "$REGISTRY_USERNAME" --password-stdin <<< "$REGISTRY_PASSWORD"
      - name: Build and push what has changed
        id: images
        run: |
${indented(shipScript(calls))}
      - name: Compile
        run: |
${indented(compileScript(KFP_VERSION))}
      - name: Upload, and run where an image is new
        env:
          PIPELINE: ${yaml(pipeline)}
          # By hand, or once more after a failure, it runs though its images are there already.
          RUN: \${{ steps.images.outputs.pushed == 'true' || github.event_name == 'workflow_dispatch' || github.run_attempt > 1 }}
          KFP_ENDPOINT: \${{ vars.KFP_ENDPOINT }}
          KFP_NAMESPACE: \${{ vars.KFP_NAMESPACE }}
          KFP_EXPERIMENT: \${{ vars.KFP_EXPERIMENT }}
          KFP_PARAMETERS: \${{ vars.KFP_PARAMETERS }}
          KFP_TOKEN: \${{ secrets.KFP_TOKEN }}
          KUBECONFIG_TEXT: \${{ secrets.KUBECONFIG }}
        run: |
${indented(UPLOAD_SCRIPT)}
`;
}

function used({ name, commit, version }: typeof CHECKOUT): string {
  return `${name}@${commit} # ${version}`;
}

function indented(script: string): string {
  return script
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `          ${line}`))
    .join("\n");
}

/** A JSON string is a YAML one. */
function yaml(value: string): string {
  return /^[A-Za-z][\w./-]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

function bash(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function notWritten(why: string): UserError {
  return new UserError("no-workflow", "The workflow was not written.", { why });
}
