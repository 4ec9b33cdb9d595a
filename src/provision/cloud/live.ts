import type { Wish } from "../../contract/wish.ts";
import type { Clock } from "../../core/clock.ts";
import { errorText, isCancelled, isUserError, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { SingleFlight } from "../../kube/singleFlight.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import { askAws, askGcloud, plainName } from "../existing/calls.ts";
import type { Eks } from "../existing/eks.ts";
import type { Gke } from "../existing/gke.ts";
import type { Programs } from "../existing/programs.ts";
import { computer, type LocalCheckDeps } from "../local/localChecks.ts";
import type { Cloud } from "../plan/catalogue/shapes.ts";
import { LIMITS } from "../plan/limits.ts";
import type { Live, LiveCloud, LiveComputer, LivePrice } from "../plan/live.ts";
import { shapesOf } from "../plan/pools.ts";
import { NO_LIVE_PRICES } from "../plan/prices.ts";

export interface LiveDeps extends LocalCheckDeps {
  readonly programs: Programs;
  readonly gke: Gke;
  readonly eks: Eks;
  readonly clock: Clock;
}

export interface LiveAnswer {
  readonly live: Live;
  /** Parts of a cloud's answer that were not told, and why. */
  readonly refused: ReadonlyMap<string, UserError>;
  /** What could not be told, a sentence each. */
  readonly notes: readonly string[];
}

/** Node groups on Linux without licences, as the Price List API calls them. */
const ON_DEMAND = ["operatingSystem=Linux", "tenancy=Shared", "preInstalledSw=NA", "capacitystatus=Used"];
/** An answer is given again for so long: the checks of one press, and the page, ask once. */
const FRESH_MS = 30_000;

/**
 * What the signed-in cloud, or Docker, tells for the place of a wish. Asks only when called. What was told is kept for the
 * place that it is of. One question at a time; who comes meanwhile shares it.
 */
export class LiveFacts {
  readonly #deps: LiveDeps;
  /** By what they hold for: a cloud, an account of it, a region of that. */
  readonly #facts = new Map<string, LiveCloud>();
  readonly #prices = new Map<string, LivePrice>();
  readonly #computers = new Map<string, LiveComputer>();
  readonly #answers = new Map<string, { readonly answer: LiveAnswer; readonly at: number }>();
  readonly #flights = new Map<string, SingleFlight<LiveAnswer>>();

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  /** What was told of the wish's places, its project and profile; nothing is asked. */
  known(wish: Wish): Live {
    const of = (path: readonly string[]): LiveCloud | undefined => {
      const told = path.flatMap((_, index) => this.#facts.get(JSON.stringify(path.slice(0, index + 1))) ?? []);
      return told.length === 0 ? undefined : told.reduce((all, one) => ({ ...all, ...one }));
    };
    const [gke, eks, computer] = [
      of(pathOf(wish, "gke")),
      of(pathOf(wish, "eks")),
      this.#computers.get(wish.local.tool),
    ];
    const prices = [...this.#prices.values()];
    return {
      ...(gke && { gke }),
      ...(eks && { eks }),
      ...(computer && { computer }),
      ...(prices.length > 0 && { prices }),
    };
  }

  /** Asks. Rejects with CancelledError alone: what refuses to tell stands in `refused`. */
  async ask(wish: Wish, signal: AbortSignal): Promise<LiveAnswer> {
    const { where } = wish;
    const { cpu, gpu } = wish[where === "eks" ? "eks" : "gke"];
    const machines = where === "local" ? [wish.local.tool] : [cpu.machine, gpu?.gpu, gpu?.machine, gpu?.spot];
    const key = JSON.stringify([where === "local" ? where : pathOf(wish, where), machines]);
    const known = this.#answers.get(key);
    if (known !== undefined && this.#deps.clock.monotonic() - known.at < FRESH_MS) return known.answer;
    const flight = this.#flights.get(key) ?? new SingleFlight<LiveAnswer>();
    this.#flights.set(key, flight);
    const answer = await flight.join((shared) => this.#answer(wish, shared), signal);
    // One that refused may tell more after a sign-in.
    if (answer.refused.size === 0) this.#answers.set(key, { answer, at: this.#deps.clock.monotonic() });
    return answer;
  }

  /** Forgets which clusters there are: to be called when one was made or removed. */
  forget(): void {
    this.#answers.clear();
    this.#computers.clear();
    for (const key of this.#facts.keys()) if (key.endsWith(`,"clusters"]`)) this.#facts.delete(key);
  }

  async #answer(wish: Wish, signal: AbortSignal): Promise<LiveAnswer> {
    const refused = new Map<string, UserError>();
    const part: Part = async (name, work) => {
      try {
        return await work;
      } catch (error) {
        if (isCancelled(error)) throw error;
        refused.set(name, isUserError(error) ? error : new UserError("not-understood", errorText(error)));
        return undefined;
      }
    };
    const { where } = wish;
    if (where === "local") this.#computers.set(wish.local.tool, await computer(this.#deps, wish.local.tool, signal));
    else await (where === "gke" ? this.#gke(wish, part, signal) : this.#eks(wish, part, signal));
    const notes = new Set([...refused.values()].map((error) => label(errorText(error).trim(), 300)));
    if (where === "gke") notes.add(NO_LIVE_PRICES.gke);
    return { live: this.known(wish), refused, notes: [...notes] };
  }

  #keep(path: readonly string[], facts: LiveCloud): void {
    const key = JSON.stringify(path);
    const before = this.#facts.get(key);
    this.#facts.set(key, { ...before, ...facts, ...(facts.zones && { zones: { ...before?.zones, ...facts.zones } }) });
  }

  async #gke(wish: Wish, part: Part, signal: AbortSignal): Promise<void> {
    const { project, region, cpu, gpu } = wish.gke;
    const ask = (...args: string[]): Promise<unknown> => askGcloud(this.#deps.programs, args, project, signal);
    const offers = async (kind: string, names: readonly string[]): Promise<readonly Offer[]> => {
      const filter = `--filter=name=(${names.map(plainName).join(" ")})`;
      return list(await ask("compute", kind, "list", filter, "--format=json(name,zone)")).map(
        ({ name, zone }): Offer => [text(name) ?? "", text(zone)?.split("/").at(-1) ?? ""],
      );
    };
    const machines = [cpu.machine, ...(gpu === null ? [] : [gpu.machine])];
    const [projects, regions, types, gpus, config, clusters] = await Promise.all([
      part("accounts", this.#deps.gke.projects(signal)),
      part("regions", ask("compute", "regions", "list", "--format=json(name)")),
      part("zones", offers("machine-types", machines)),
      part("zones", gpu === null ? Promise.resolve([]) : offers("accelerator-types", [gpu.gpu])),
      part("versions", ask("container", "get-server-config", `--location=${region}`, "--format=json(channels)")),
      part("clusters", this.#deps.gke.clusters(project, signal)),
    ]);
    const names = list(regions).flatMap((one) => text(one["name"]) ?? []);
    const regular = list(record(config)["channels"]).find((one) => one["channel"] === "REGULAR");
    const version = text(regular?.["defaultVersion"]);
    const asked = [...(types === undefined ? [] : machines), ...(gpus === undefined || gpu === null ? [] : [gpu.gpu])];
    const path = pathOf(wish, "gke");
    const accounts = projects?.items.map(({ id, name }) => ({ id, label: label(name || id, 80) }));
    if (accounts !== undefined) this.#keep(path.slice(0, 1), { accounts });
    // Zones of all regions are told at once.
    if (names.length > 0) {
      const zones = zonesOf(asked, [...(types ?? []), ...(gpus ?? [])]);
      this.#keep(path.slice(0, 2), { regions: names, askedRegions: names, zones });
    }
    if (version !== undefined) this.#keep(path.slice(0, 3), { versions: [{ version, ends: "" }] });
    const there = clusters?.items.filter(({ location }) => location === region);
    if (there !== undefined) this.#keep(path, { clusters: there.map(({ name }) => name) });
  }

  async #eks(whole: Wish, part: Part, signal: AbortSignal): Promise<void> {
    const wish = whole.eks;
    const { region, cpu, gpu } = wish;
    const { programs, eks } = this.#deps;
    const ask = (...args: string[]): Promise<unknown> => askAws(programs, args, wish, signal);
    const machines = [cpu.machine, ...(gpu === null ? [] : [gpu.machine])];
    // With those that could stand for the GPU pool's.
    const types = [...new Set([...machines, ...shapesOf("eks", gpu?.gpu ?? "").map(({ machine }) => machine)])];
    const offers = async (): Promise<readonly Offer[]> => {
      const filter = `--filters=Name=instance-type,Values=${types.map(plainName).join(",")}`;
      const where = "--location-type=availability-zone";
      const answer = record(await ask("ec2", "describe-instance-type-offerings", where, filter));
      return list(answer["InstanceTypeOfferings"]).map((one) => [String(one["InstanceType"]), String(one["Location"])]);
    };
    // As network.tf: no local zones, and none without control planes.
    const noOptIn = "--filters=Name=opt-in-status,Values=opt-in-not-required";
    const [profiles, regions, all, zones, versions, clusters, ...prices] = await Promise.all([
      part("accounts", eks.profiles(signal)),
      part("regions", eks.regions(wish.profile === "" ? undefined : wish.profile, signal)),
      part("usable", ask("ec2", "describe-availability-zones", noOptIn)),
      part("zones", offers()),
      part("versions", ask("eks", "describe-cluster-versions")),
      part("clusters", ask("eks", "list-clusters")),
      ...machines.map((machine) => part("prices", this.#listPrice(wish, machine, signal))),
      ...(gpu?.spot === true ? [part("prices", this.#spotPrice(wish, gpu.machine, signal))] : []),
    ]);
    const path = pathOf(whole, "eks");
    const accounts = profiles?.items.map((id) => ({ id, label: label(id, 80) }));
    if (accounts !== undefined) this.#keep(path.slice(0, 1), { accounts });
    if (regions !== undefined && regions.items.length > 0) this.#keep(path.slice(0, 2), { regions: regions.items });
    const names = record(clusters)["clusters"];
    const usable = all === undefined ? undefined : usableZones(all);
    const offered = zones?.filter(([, zone]) => usable?.includes(zone) !== false);
    if (Array.isArray(names)) this.#keep(path, { clusters: names.flatMap((one) => text(one) ?? []) });
    this.#keep(path.slice(0, 3), {
      ...(usable && { usable }),
      ...(offered && { askedRegions: [region], zones: zonesOf(types, offered) }),
      ...(versions !== undefined && { versions: standardVersions(versions) }),
    });
    for (const price of prices)
      if (price !== undefined) this.#prices.set(JSON.stringify([region, price.machine, price.spot]), price);
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
    const [perHour, source] = [Number(perUnit["USD"]), "AWS Price List"];
    return priced(wish, { machine, spot: false, perHour, source, date: date ?? "" });
  }

  /** The dearest zone’s newest price: where a spot node comes to be is EC2’s choice. */
  async #spotPrice(wish: Wish["eks"], machine: string, signal: AbortSignal): Promise<LivePrice | undefined> {
    const start = new Date(this.#deps.clock.now()).toISOString();
    const what = [`--instance-types=${plainName(machine)}`, "--product-descriptions=Linux/UNIX"];
    const args = ["ec2", "describe-spot-price-history", ...what, `--start-time=${start}`];
    const answer = record(await askAws(this.#deps.programs, args, wish, signal));
    const prices = list(answer["SpotPriceHistory"]).map((one) => Number(one["SpotPrice"]));
    const [perHour, source] = [Math.max(...prices), "EC2 spot price history"];
    return priced(wish, { machine, spot: true, perHour, source, date: start.slice(0, 10) });
  }
}

type Part = <T>(name: string, work: Promise<T>) => Promise<T | undefined>;
type Offer = readonly [what: string, zone: string];

/** Cloud, account, region, and what a run of ours changes there. */
function pathOf({ gke, eks }: Wish, cloud: Cloud): readonly string[] {
  return [cloud, ...(cloud === "gke" ? [gke.project, gke.region] : [eks.profile, eks.region]), "clusters"];
}

function usableZones(answer: unknown): readonly string[] {
  const zones = list(record(answer)["AvailabilityZones"]);
  const not: readonly unknown[] = LIMITS.eks.notZones;
  return zones.flatMap((one) => (not.includes(one["ZoneId"]) ? [] : (text(one["ZoneName"]) ?? [])));
}

/** Versions under standard support, which main.tf asks for; version 1 of aws writes a day as seconds. */
function standardVersions(answer: unknown): NonNullable<LiveCloud["versions"]> {
  const all = list(record(answer)["clusterVersions"]).map((one) => {
    const end = one["endOfStandardSupportDate"];
    const ends = typeof end === "number" ? new Date(Math.min(end, 4e9) * 1000).toISOString() : (text(end) ?? "");
    const status = text(one["versionStatus"]) ?? text(one["status"]) ?? "STANDARD";
    return {
      version: text(one["clusterVersion"]) ?? "",
      ends: /^\d{4}-\d\d-\d\d/.exec(ends)?.[0] ?? "",
      status,
      first: one["defaultVersion"],
    };
  });
  const standard = all.filter(({ version, status }) => version !== "" && /^standard/i.test(status));
  const ordered = standard.sort((a, b) => Number(b.first === true) - Number(a.first === true));
  return ordered.map(({ version, ends }) => ({ version, ends }));
}

/** Undefined for a price of nothing, which is a row of the list that means another way to pay. */
function priced({ region }: Wish["eks"], price: Omit<LivePrice, "cloud" | "region">): LivePrice | undefined {
  return price.perHour > 0 && price.perHour < 10_000 ? { cloud: "eks", region, ...price } : undefined;
}

/** A name that was asked for and is nowhere has an empty list. */
function zonesOf(names: readonly string[], offers: readonly Offer[]): Readonly<Record<string, readonly string[]>> {
  const of = (name: string): readonly string[] =>
    [...new Set(offers.flatMap(([what, zone]) => (what === name && zone !== "" ? zone : [])))].sort();
  return Object.fromEntries(names.map((name) => [name, of(name)]));
}
