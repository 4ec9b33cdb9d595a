// Where a release's manifests come from, and how they become objects: kustomize of the person's own kubectl.
import { randomBytes } from "node:crypto";
import { readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../core/clock.ts";
import { errorCode, isCancelled, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { bytes, duration } from "../core/text.ts";
import { writeWhole } from "../core/wholeFile.ts";
import { childOutput, type ChildResult } from "../kube/childOutput.ts";
import { findProgram, type FoundProgram } from "../kube/execCommand.ts";
import { readArchive, unpack } from "./archive.ts";
import { download } from "./download.ts";
import { type Manifest, parseManifests } from "./objects.ts";
import { type Choice, type Component, pathsOf, type Platform, type Release } from "./release.ts";

export interface ManifestTools {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  readonly loginPath?: { get(): Promise<string | undefined> } | undefined;
  readonly proxy?: (() => string | undefined) | undefined;
  readonly certificates?: readonly string[] | undefined;
  /** Folder of ours in which releases are kept. */
  readonly cache: string;
  /** For tests: where archives come from, instead of GitHub. */
  readonly archives?: string;
}

/** What the release's files are, exactly. Both are empty for a folder of the person's own. */
export interface Pin {
  readonly ref: string;
  readonly commit: string;
  readonly checksum: string;
}

export interface Source {
  readonly folder: string;
  readonly pin: Pin;
}

const MAX_ARCHIVE = 100_000_000;
const MAX_RENDERED = 64_000_000;
const RENDER_MS = 180_000;
const ARCHIVES = "https://codeload.github.com";

/**
 * The release's files, as a folder: the person's own; what was fetched before; else the archive of the release's
 * repository. `held` is what an earlier plan was made of, and nothing else is taken then. Rejects with UserError
 * `no-network`, `download-refused`, `archive`, `wrong-checksum`, `no-folder`; with CancelledError.
 */
export async function openSource(
  tools: ManifestTools,
  release: Release,
  choice: Pick<Choice, "folder">,
  held: Pin | undefined,
  signal: AbortSignal,
): Promise<Source> {
  if (choice.folder !== undefined) return ownFolder(choice.folder);
  const { repository, ref, commit = "", checksum = "" } = release.source;
  const pin: Pin = held ?? { ref, commit, checksum };
  if (commit !== "") hold({ ref, commit, checksum }, pin);
  if (pin.commit !== "") {
    const known = await fetched(tools, pin);
    if (known !== undefined) return known;
  }
  const url = `${tools.archives ?? ARCHIVES}/${repository}/tar.gz/${pin.commit === "" ? `refs/tags/${pin.ref}` : pin.commit}`;
  const { env, clock, proxy, certificates } = tools;
  const packed = await download(url, { env, proxy: proxy?.(), certificates, clock, signal, maxBytes: MAX_ARCHIVE });
  const archive = await readArchive(packed);
  const came: Pin = { ref: pin.ref, commit: archive.commit, checksum: archive.checksum };
  hold(pin, came);
  const folder = path.join(tools.cache, nameOf(came));
  const aside = `${folder}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await unpack(archive, aside);
    await writeWhole(path.join(aside, MARK), JSON.stringify(came));
    await rename(aside, folder);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    // Another window has put the same there in the meantime.
    if (errorCode(error) !== "ENOTEMPTY" && errorCode(error) !== "EEXIST") throw error;
  }
  return { folder, pin: came };
}

/** Beside the unpacked files; written last. */
const MARK = ".trainyard-release.json";

function nameOf({ commit, checksum }: Pin): string {
  return commit === "" ? checksum : commit;
}

async function fetched(tools: ManifestTools, pin: Pin): Promise<Source | undefined> {
  const folder = path.join(tools.cache, nameOf(pin));
  try {
    const found: unknown = JSON.parse(await readFile(path.join(folder, MARK), "utf8"));
    const checksum = typeof found === "object" && found !== null && "checksum" in found ? String(found.checksum) : "";
    return pin.checksum === "" || pin.checksum === checksum ? { folder, pin: { ...pin, checksum } } : undefined;
  } catch {
    // Not there, or half of it: it is fetched.
    return undefined;
  }
}

function hold(wanted: Pin, came: Pin): void {
  const differs = (name: "commit" | "checksum"): boolean => wanted[name] !== "" && wanted[name] !== came[name];
  if (!differs("commit") && !differs("checksum")) return;
  const [said, got] = differs("commit") ? [wanted.commit, came.commit] : [wanted.checksum, came.checksum];
  throw new UserError("wrong-checksum", `The archive of ${wanted.ref} is not the one that was expected.`, {
    why: `It should be ${said.slice(0, 16)}… and is ${got === "" ? "without a name" : `${got.slice(0, 16)}…`}.`,
    hint: "Nothing was taken from it. Somebody may have moved the tag, or stand between you and its host.",
  });
}

async function ownFolder(folder: string): Promise<Source> {
  await mustBeFolder(folder);
  return { folder, pin: { ref: "", commit: "", checksum: "" } };
}

async function mustBeFolder(folder: string): Promise<void> {
  const found = path.isAbsolute(folder) ? await stat(folder).catch(() => undefined) : undefined;
  if (found?.isDirectory() === true) return;
  throw new UserError("no-folder", `${label(folder, 200)} is not a folder.`, {
    hint: "Choose the folder that holds the release’s files, with common and applications in it.",
  });
}

/** Builds components by `kubectl kustomize`. */
export class Renderer {
  readonly #tools: ManifestTools;
  #kubectl: Promise<FoundProgram> | undefined;

  constructor(tools: ManifestTools) {
    this.#tools = tools;
  }

  /** Rejects with UserError `kubectl-missing`, `no-folder`, `kustomize` (with its own words) or `manifest`; with CancelledError. */
  async render(
    source: Source,
    component: Component,
    platform: Platform,
    signal: AbortSignal,
  ): Promise<readonly Manifest[]> {
    const parts: Manifest[] = [];
    for (const place of pathsOf(component, platform)) {
      const where = path.join(source.folder, ...place.split("/"));
      const yaml = place.endsWith(".yaml")
        ? await this.#file(where, component)
        : await this.#build(where, component, signal);
      parts.push(...(await parseManifests(yaml, component.title)));
    }
    // The same object in two of its parts, as an overlay over its own base: the later one counts.
    const byKey = new Map(
      parts.map((object) => [
        JSON.stringify([object.apiVersion, object.kind, object.metadata.namespace, object.metadata.name]),
        object,
      ]),
    );
    return [...byKey.values()];
  }

  async #file(file: string, component: Component): Promise<string> {
    try {
      return await readFile(file, "utf8");
    } catch (error) {
      throw failed(component, `${path.basename(file)} cannot be read (${errorCode(error) ?? "no"})`, error);
    }
  }

  async #build(folder: string, component: Component, signal: AbortSignal): Promise<string> {
    const { file, env } = await (this.#kubectl ??= this.#find());
    let result: ChildResult;
    try {
      const { platform } = this.#tools;
      const options = { env, platform, timeoutMs: RENDER_MS, maxBytes: MAX_RENDERED, signal };
      result = await childOutput(file, ["kustomize", folder], options);
    } catch (error) {
      if (isCancelled(error)) throw error;
      throw failed(component, `kubectl could not be started (${errorCode(error) ?? "no"})`, error);
    }
    if (result.kind === "timeout")
      throw failed(component, `kubectl kustomize was not ready within ${duration(RENDER_MS)}`);
    if (result.kind === "too-much") throw failed(component, `kubectl kustomize wrote more than ${bytes(MAX_RENDERED)}`);
    if (result.code === 0) return result.stdout;
    await mustBeFolder(folder);
    throw failed(component, `kubectl kustomize said: ${label(complaint(result.stderr), 400)}`);
  }

  async #find(): Promise<FoundProgram> {
    const { env, platform, loginPath } = this.#tools;
    const found = await findProgram("kubectl", "", { env, platform }, loginPath);
    if (found !== undefined) return found;
    this.#kubectl = undefined;
    const next = [
      { title: "How to Install", command: "vscode.open", args: ["https://kubernetes.io/docs/tasks/tools/"] },
    ];
    throw new UserError("kubectl-missing", "kubectl was not found.", {
      why: "Its kustomize builds Kubeflow’s manifests.",
      next,
    });
  }
}

/** kustomize tells the whole way down to the resource that it could not read, on one line: its end says what is wrong. */
function complaint(stderr: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => !/^# Warning/.test(line));
  const longest = lines.reduce((best, line) => (line.length > best.length ? line : best), "");
  return longest.slice(Math.max(0, longest.lastIndexOf("accumulating resources from")));
}

function failed(component: Component, why: string, cause?: unknown): UserError {
  const hint = /remote|git|fetch|dial|lookup|http/i.test(why)
    ? "Some parts fetch others from the internet, by git: check that this machine can."
    : undefined;
  return new UserError("kustomize", `The manifests of ${component.title} could not be built: ${why}.`, {
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}
