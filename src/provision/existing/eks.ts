import { label } from "../../core/sanitize.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import type { CloudCluster, CloudList } from "./cloudCluster.ts";
import { awsCall, type AwsPlace } from "./calls.ts";
import type { AddedCluster, OwnKubeconfigs } from "./ownKubeconfigs.ts";
import { type ProgramCall, type Programs, unlessRefused } from "./programs.ts";

/** Each takes a process of its own: only the first are asked for their state. */
const MAX_DESCRIBED = 8;

/** Clusters of Amazon EKS, through aws, of either version. */
export class Eks {
  readonly #programs: Programs;
  readonly #files: OwnKubeconfigs;
  readonly #env: NodeJS.ProcessEnv;

  constructor(programs: Programs, files: OwnKubeconfigs, env: NodeJS.ProcessEnv) {
    this.#programs = programs;
    this.#files = files;
    this.#env = env;
  }

  /** Profiles of the AWS configuration, and the one that the environment names. Version 1 of aws cannot list them. */
  async profiles(
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly string[]; readonly current: string | undefined }> {
    const call = awsCall(
      ["configure", "list-profiles"],
      { profile: undefined },
      signal,
      "The profiles were not listed.",
    );
    const answer = await unlessRefused(this.#programs.run(call));
    const items = (answer?.stdout ?? "").split(/\r?\n/).filter((name) => name.trim() !== "");
    return { items, current: text(this.#env["AWS_PROFILE"]) };
  }

  /** Regions of the account, none where it may not ask, and the one that aws is set to. */
  async regions(
    profile: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly string[]; readonly current: string | undefined }> {
    const call = (args: readonly string[], region?: string): ProgramCall =>
      awsCall(args, { profile, ...(region !== undefined && { region }) }, signal, "The regions were not listed.");
    const set = await unlessRefused(this.#programs.run(call(["configure", "get", "region"])));
    const current = text(this.#env["AWS_REGION"]) ?? text(this.#env["AWS_DEFAULT_REGION"]) ?? text(set?.stdout.trim());
    const ask = call(["ec2", "describe-regions"], current ?? "us-east-1");
    const found = await unlessRefused(this.#programs.list(ask, (answer) => record(answer)["Regions"]));
    return {
      items: list(found?.items)
        .flatMap((item) => text(item["RegionName"]) ?? [])
        .sort(),
      current,
    };
  }

  /** The region's clusters, all pages of them; version and state of the first eight, as far as they may be read. */
  async clusters(place: Required<AwsPlace>, signal: AbortSignal): Promise<CloudList<CloudCluster>> {
    const { region } = place;
    const failure = `The clusters of ${label(region)} were not listed.`;
    const call = (...args: string[]): ProgramCall => awsCall(["eks", ...args], place, signal, failure);
    const { items } = await this.#programs.list(call("list-clusters"), (answer) => record(answer)["clusters"]);
    const describe = async (name: string, index: number): Promise<CloudCluster> => {
      const ask = call("describe-cluster", `--name=${name}`);
      const found =
        index < MAX_DESCRIBED
          ? await unlessRefused(this.#programs.list(ask, (answer) => [record(answer)["cluster"]]))
          : undefined;
      const { status, version } = record(found?.items[0]);
      return { name, location: region, state: (text(status) ?? "").toLowerCase(), version: text(version) ?? "" };
    };
    return { items: await Promise.all(items.flatMap((name) => text(name) ?? []).map(describe)) };
  }

  /** Has aws write a kubeconfig for the cluster into a file of ours. It refuses one that is not active. */
  add(place: Required<AwsPlace>, { name }: CloudCluster, signal: AbortSignal): Promise<AddedCluster> {
    const { profile, region } = place;
    return this.#files.keep(["eks", region, name, ...(profile === undefined ? [] : [profile])], (file) => {
      const args = ["eks", "update-kubeconfig", `--name=${name}`, `--kubeconfig=${file}`];
      return this.#programs.run(awsCall(args, place, signal, `The cluster ${label(name)} was not added.`));
    });
  }
}
