import type { Wish } from "../../contract/wish.ts";
import type { Clock } from "../../core/clock.ts";
import { errorText, isCancelled, isUserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { SingleFlight } from "../../kube/singleFlight.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import type { Eks } from "../existing/eks.ts";
import type { Gke } from "../existing/gke.ts";
import type { Programs } from "../existing/programs.ts";
import { computer, type LocalCheckDeps } from "../local/localChecks.ts";
import type { Live, LiveCloud, LivePrice } from "../plan/live.ts";
import { askAws, askGcloud, plainName } from "./calls.ts";

export interface LiveDeps extends LocalCheckDeps {
  readonly programs: Programs;
  readonly gke: Gke;
  readonly eks: Eks;
  readonly clock: Clock;
}

export interface LiveAnswer {
  readonly live: Live;
  /** What could not be told, a sentence each. */
  readonly notes: readonly string[];
}

/** GCP's price list can only be read by the exact number of each product, which is not kept here. */
const NO_GCP_PRICES = "Google’s live prices are not read: its list names no machine types.";
/** Node groups on Linux without licences, as the Price List API calls them. */
const ON_DEMAND = ["operatingSystem=Linux", "tenancy=Shared", "preInstalledSw=NA", "capacitystatus=Used"];

/**
 * What the signed-in cloud, or Docker, tells for the place of a wish. Asks only when called, once for each place and
 * choice of machines, and keeps the answer until `forget`. One question at a time; who comes meanwhile shares it.
 */
export class LiveFacts {
  readonly #deps: LiveDeps;
  readonly #known = new Map<string, LiveAnswer>();
  readonly #flights = new Map<string, SingleFlight<LiveAnswer>>();

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  /** What was told before; nothing is asked. */
  get known(): Live {
    const merged: { -readonly [K in keyof Live]: Live[K] } = {};
    for (const { live } of this.#known.values()) {
      Object.assign(merged, live, { prices: [...(merged.prices ?? []), ...(live.prices ?? [])] });
    }
    return merged;
  }

  /** Asks. Rejects with CancelledError alone: what refuses to tell stands in `notes`. */
  async ask(wish: Wish, signal: AbortSignal): Promise<LiveAnswer> {
    const { project, region, cpu, gpu } = wish.gke;
    const place = {
      gke: [project, region, cpu.machine, gpu?.machine, gpu?.gpu],
      eks: [wish.eks.profile, wish.eks.region, wish.eks.cpu.machine, wish.eks.gpu?.machine],
      local: [wish.local.tool],
    }[wish.where];
    const key = JSON.stringify([wish.where, ...place]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const flight = this.#flights.get(key) ?? new SingleFlight<LiveAnswer>();
    this.#flights.set(key, flight);
    const answer = await flight.join((shared) => this.#answer(wish, shared), signal);
    // One that refused may tell more after a sign-in.
    if (answer.notes.every((note) => note === NO_GCP_PRICES)) this.#known.set(key, answer);
    return answer;
  }

  forget(): void {
    this.#known.clear();
  }

  async #answer(wish: Wish, signal: AbortSignal): Promise<LiveAnswer> {
    const notes: string[] = [];
    /** The part, undefined with a note where it is not told. */
    const part = async <T>(work: Promise<T>): Promise<T | undefined> => {
      try {
        return await work;
      } catch (error) {
        if (isCancelled(error) || !isUserError(error)) throw error;
        const note = label(errorText(error).trim(), 300);
        if (!notes.includes(note)) notes.push(note);
        return undefined;
      }
    };
    const { where } = wish;
    if (where === "local") {
      return { live: { computer: await computer(this.#deps, wish.local.tool, signal) }, notes };
    }
    return where === "gke" ? this.#gke(wish, part, notes, signal) : this.#eks(wish, part, notes, signal);
  }

  async #gke({ gke: wish }: Wish, part: Part, notes: string[], signal: AbortSignal): Promise<LiveAnswer> {
    const { project, region, cpu, gpu } = wish;
    const ask = (...args: string[]): Promise<unknown> => askGcloud(this.#deps.programs, args, project, signal);
    const machines = [cpu.machine, ...(gpu === null ? [] : [gpu.machine])];
    const offers = async (kind: string, names: readonly string[]): Promise<readonly (readonly [string, string])[]> => {
      const filter = `--filter=name=(${names.map(plainName).join(" ")})`;
      return list(await ask("compute", kind, "list", filter, "--format=json(name,zone)")).flatMap(({ name, zone }) => {
        const [what, where] = [text(name), text(zone)?.split("/").at(-1)];
        return what === undefined || where === undefined ? [] : [[what, where] as const];
      });
    };
    const [projects, regions, types, gpus, config, clusters] = await Promise.all([
      part(this.#deps.gke.projects(signal)),
      part(ask("compute", "regions", "list", "--format=json(name)")),
      part(offers("machine-types", machines)),
      part(gpu === null ? Promise.resolve([]) : offers("accelerator-types", [gpu.gpu])),
      part(ask("container", "get-server-config", `--location=${region}`, "--format=json(channels)")),
      part(this.#deps.gke.clusters(project, signal)),
    ]);
    const regionNames = list(regions).flatMap((one) => text(one["name"]) ?? []);
    const regular = list(record(config)["channels"]).find((one) => one["channel"] === "REGULAR");
    const version = /^\d+\.\d+/.exec(text(regular?.["defaultVersion"]) ?? "")?.[0];
    const asked = [...(types === undefined ? [] : machines), ...(gpus === undefined || gpu === null ? [] : [gpu.gpu])];
    const cloud: LiveCloud = {
      ...(projects && { accounts: projects.items.map(({ id, name }) => ({ id, label: label(name || id, 80) })) }),
      ...(regionNames.length > 0 && { regions: regionNames, askedRegions: regionNames }),
      ...zonesOf(asked, [...(types ?? []), ...(gpus ?? [])], regionNames),
      ...(version !== undefined && { versions: [version] }),
      ...(clusters && { clusters: clusters.items.flatMap((one) => (one.location === region ? one.name : [])) }),
    };
    return { live: { gke: cloud }, notes: [...notes, NO_GCP_PRICES] };
  }

  async #eks({ eks: wish }: Wish, part: Part, notes: readonly string[], signal: AbortSignal): Promise<LiveAnswer> {
    const { region, cpu, gpu } = wish;
    const { programs, eks } = this.#deps;
    const ask = (...args: string[]): Promise<unknown> => askAws(programs, args, wish, signal);
    const machines = [cpu.machine, ...(gpu === null ? [] : [gpu.machine])];
    const profile = wish.profile === "" ? undefined : wish.profile;
    const offers = async (): Promise<readonly (readonly [string, string])[]> => {
      const types = `--filters=Name=instance-type,Values=${machines.map(plainName).join(",")}`;
      const where = "--location-type=availability-zone";
      const answer = record(await ask("ec2", "describe-instance-type-offerings", where, types));
      return list(answer["InstanceTypeOfferings"]).map(
        (one) => [String(one["InstanceType"]), String(one["Location"])] as const,
      );
    };
    const [profiles, regions, zones, versions, clusters, ...prices] = await Promise.all([
      part(eks.profiles(signal)),
      part(eks.regions(profile, signal)),
      part(offers()),
      part(ask("eks", "describe-cluster-versions")),
      part(ask("eks", "list-clusters")),
      ...machines.map((machine) => part(this.#listPrice(wish, machine, signal))),
      ...(gpu?.spot === true ? [part(this.#spotPrice(wish, gpu.machine, signal))] : []),
    ]);
    const offered = list(record(versions)["clusterVersions"]);
    const names = record(clusters)["clusters"];
    const minors = [...offered].sort(
      (a, b) => Number(b["defaultVersion"] === true) - Number(a["defaultVersion"] === true),
    );
    const cloud: LiveCloud = {
      ...(profiles && { accounts: profiles.items.map((id) => ({ id, label: label(id, 80) })) }),
      ...(regions && { regions: regions.items }),
      ...(zones && { askedRegions: [region], ...zonesOf(machines, zones, [region]) }),
      ...(offered.length > 0 && { versions: minors.flatMap((one) => text(one["clusterVersion"]) ?? []) }),
      ...(Array.isArray(names) && { clusters: names.flatMap((one) => text(one) ?? []) }),
    };
    return { live: { eks: cloud, prices: prices.filter((price) => price !== undefined) }, notes };
  }

  /** Price List API; its endpoint for all regions stands in us-east-1. */
  async #listPrice(wish: Wish["eks"], machine: string, signal: AbortSignal): Promise<LivePrice | undefined> {
    const filters = [...ON_DEMAND, `instanceType=${plainName(machine)}`, `regionCode=${plainName(wish.region)}`];
    const args = filters.map((filter) => `Type=TERM_MATCH,Field=${filter.replace("=", ",Value=")}`);
    const place = { profile: wish.profile, region: "us-east-1" };
    const call = ["pricing", "get-products", "--service-code=AmazonEC2", "--filters", ...args];
    const { PriceList } = record(await askAws(this.#deps.programs, call, place, signal));
    if (!Array.isArray(PriceList) || PriceList.length !== 1) return undefined;
    const product = record(typeof PriceList[0] === "string" ? JSON.parse(PriceList[0]) : PriceList[0]);
    const term = record(Object.values(record(record(product["terms"])["OnDemand"]))[0]);
    const perUnit = record(record(Object.values(record(term["priceDimensions"]))[0])["pricePerUnit"]);
    const date = /^\d{4}-\d\d-\d\d/.exec(text(product["publicationDate"]) ?? text(term["effectiveDate"]) ?? "")?.[0];
    return priced(wish, machine, false, Number(perUnit["USD"]), "AWS Price List", date ?? "");
  }

  /** The dearest zone’s newest price: where a spot node comes to be is EC2’s choice. */
  async #spotPrice(wish: Wish["eks"], machine: string, signal: AbortSignal): Promise<LivePrice | undefined> {
    const start = new Date(this.#deps.clock.now()).toISOString();
    const what = [
      `--instance-types=${plainName(machine)}`,
      "--product-descriptions=Linux/UNIX",
      `--start-time=${start}`,
    ];
    const answer = record(
      await askAws(this.#deps.programs, ["ec2", "describe-spot-price-history", ...what], wish, signal),
    );
    const prices = list(answer["SpotPriceHistory"]).map((one) => Number(one["SpotPrice"]));
    return priced(wish, machine, true, Math.max(...prices), "EC2 spot price history", start.slice(0, 10));
  }
}

type Part = <T>(work: Promise<T>) => Promise<T | undefined>;

function priced(
  { region }: Wish["eks"],
  machine: string,
  spot: boolean,
  perHour: number,
  source: string,
  date: string,
): LivePrice | undefined {
  // A price of nothing is a row of the list that means another way to pay.
  if (!(perHour > 0 && perHour < 10_000)) return undefined;
  return { cloud: "eks", region, machine, spot, perHour, source, date };
}

/** Only zones of regions that were asked; a name that was asked for and is nowhere has an empty list. */
function zonesOf(
  names: readonly string[],
  offers: readonly (readonly [string, string])[],
  regions: readonly string[],
): { readonly zones?: Readonly<Record<string, readonly string[]>> } {
  if (names.length === 0 || regions.length === 0) return {};
  const of = (name: string): readonly string[] =>
    [...new Set(offers.flatMap(([what, zone]) => (what === name ? zone : [])))].sort();
  return { zones: Object.fromEntries(names.map((name) => [name, of(name)])) };
}
