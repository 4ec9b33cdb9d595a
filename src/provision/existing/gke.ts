import { label } from "../../core/sanitize.ts";
import { list, text, whole } from "../../kubeflow/read.ts";
import type { CloudCluster, CloudList } from "./cloudCluster.ts";
import { gcloudCall } from "./calls.ts";
import type { AddedCluster, OwnKubeconfigs } from "./ownKubeconfigs.ts";
import { type ProgramCall, type Programs, unlessRefused } from "./programs.ts";

export interface GkeProject {
  readonly id: string;
  readonly name: string;
}

const MAX_PROJECTS = 2000;

/** Clusters of Google Kubernetes Engine, through gcloud. */
export class Gke {
  readonly #programs: Programs;
  readonly #files: OwnKubeconfigs;

  constructor(programs: Programs, files: OwnKubeconfigs) {
    this.#programs = programs;
    this.#files = files;
  }

  /** Projects of the account, at most 2,000, none where it may not list them, and the one that gcloud is set to. */
  async projects(
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly GkeProject[]; readonly current: string | undefined }> {
    const call = (...args: string[]): ProgramCall =>
      gcloudCall(args, undefined, signal, "The projects were not listed.");
    const all = call("projects", "list", "--format=json(projectId,name)", `--limit=${MAX_PROJECTS}`);
    const [found, { stdout }] = await Promise.all([
      unlessRefused(this.#programs.list(all)),
      this.#programs.run(call("config", "get-value", "project")),
    ]);
    return {
      items: list(found?.items).flatMap((item) => {
        const id = text(item["projectId"]);
        return id === undefined ? [] : { id, name: text(item["name"]) ?? "" };
      }),
      current: text(stdout.trim()),
    };
  }

  /** The project's clusters in all places. `note` says so where a zone did not answer. */
  async clusters(project: string, signal: AbortSignal): Promise<CloudList<CloudCluster>> {
    const fields = "name,location,status,currentMasterVersion,currentNodeCount";
    const args = ["container", "clusters", "list", `--format=json(${fields})`];
    const call = gcloudCall(args, project, signal, `The clusters of ${label(project)} were not listed.`);
    const { items, stderr } = await this.#programs.list(call);
    // lib/surface/container/clusters/list.py: it ends well, and says on stderr which zones it knows nothing of.
    const silent = /zones did not respond: (.+?)\. List results/.exec(stderr)?.[1];
    return {
      ...(silent === undefined ? {} : { note: `${label(silent, 80)} did not answer` }),
      items: list(items).flatMap((item): CloudCluster[] => {
        const [name, location] = [text(item["name"]), text(item["location"])];
        if (name === undefined || location === undefined) return [];
        const nodes = whole(item["currentNodeCount"], 100_000);
        const state = (text(item["status"]) ?? "").toLowerCase();
        const version = text(item["currentMasterVersion"]) ?? "";
        return [{ name, location, state, version, ...(nodes === undefined ? {} : { nodes }) }];
      }),
    };
  }

  /** Has gcloud write a kubeconfig for the cluster into a file of ours, with its DNS endpoint where that is asked for. */
  add(
    project: string,
    { name, location }: CloudCluster,
    signal: AbortSignal,
    { dnsEndpoint = false } = {},
  ): Promise<AddedCluster> {
    const place = [`--location=${location}`, `--project=${project}`];
    const args = ["container", "clusters", "get-credentials", ...place, ...(dnsEndpoint ? ["--dns-endpoint"] : [])];
    const call = gcloudCall([...args, "--", name], undefined, signal, `The cluster ${label(name)} was not added.`);
    return this.#files.keep(["gke", project, location, name], (file) =>
      this.#programs.run({ ...call, env: { KUBECONFIG: file } }),
    );
  }
}
