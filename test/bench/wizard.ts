// The wizard: how soon a change shows what comes of it, whether a large apply holds the window up, and whether the page
// and Terraform agree on what is legal.
import process from "node:process";
import fc from "fast-check";
import { say, step } from "../../scripts/steps.mjs";
import type { Wish } from "../../src/contract/wish.ts";
import { variables } from "../../src/provision/files/variables.ts";
import { findings } from "../../src/provision/plan/rules.ts";
import type { Cloud } from "../../src/provision/plan/catalogue/shapes.ts";
import { bothErrors } from "../../src/provision/plan/testing/legalTable.ts";
import { anyWish } from "../../src/provision/plan/testing/wishes.ts";
import { findTerraform } from "../../src/provision/terraform/find.ts";
import { foldLag } from "../provision/applyLag.ts";
import { checkConfigurations } from "../provision/configurations.ts";
import { inMirror, mocksOf, planEach, PROVIDER } from "../provision/mockedPlans.ts";
import { ensureTerraform } from "../provision/program.ts";
import { providerFolder } from "../provision/providers.ts";
import { randomWishes } from "../provision/wishes.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { WizardHost } from "./wizardHost.ts";
import { drawnTimes, setStage } from "./wizardPage.ts";
import { answerTimes, CHANGES } from "./wizardPreview.ts";

const ARM = "ours";
const REPEATS = 5;
const DEEDS = 120;
const RESOURCES = 1_000;
const CONFIGURATIONS = 2_000;
/** Of the configurations, those that begin with anything a form can hold; the others begin with a legal one. */
const FROM_ANYTHING = 200;

export async function benchWizard(onEnd: OnEnd): Promise<Measured> {
  const samples = new Samples();
  const program = await step("Terraform", ensureTerraform);
  await step(`${REPEATS} times ${CHANGES} changes`, () => previews(samples, onEnd));
  await step(`${REPEATS} times ${DEEDS} changes in a browser`, () => drawings(samples, onEnd));
  await step(`${REPEATS} applies of ${RESOURCES} resources`, () => applies(program, samples));
  await step(`${CONFIGURATIONS} configurations`, () => configurations(program, samples));
  await step("the table of legal GPU nodes", () => legal(samples));
  return { arms: samples.arms, goals: GOALS, notes: NOTES };
}

const GOALS: Measured["goals"] = [
  { arm: ARM, figure: "previewP95Ms", atMost: 50 },
  { arm: ARM, figure: "unanswered", atMost: 0 },
  { arm: ARM, figure: "drawnP95Ms", atMost: 50 },
  { arm: ARM, figure: "applyLagMs", atMost: 50 },
  { arm: ARM, figure: "refusedConfigurations", atMost: 0 },
  { arm: ARM, figure: "wrongRefusals", atMost: 0 },
  { arm: ARM, figure: "wrongAcceptances", atMost: 0 },
];

const NOTES = [
  `previewP95Ms: the slowest of every twenty among ${CHANGES} changes of the form, in plain Node: from the page's message to ` +
    "the answer with findings, lists, prices and files, both as JSON. previewMs: all of them. " +
    "unanswered: changes that the wizard failed at.",
  `drawnP95Ms: the same for ${DEEDS} deeds in the page, in Chromium: from the event of a list, box or radio button until ` +
    "the frame with the answer is over. typedP95Ms: of a letter, which waits for a pause of the page first.",
  `applyLagMs: the longest that the window's thread had no turn while Terraform applies ${RESOURCES} resources; what ` +
    "else the machine does counts. applyWorkMs: the most processor time that one turn took.",
  `refusedConfigurations: of ${CONFIGURATIONS} that the page accepts, those that terraform plan of our variables.tf refuses, ` +
    "and, where a provider is found, a plan of all our files with mocks. " +
    "wrongRefusals: legal GPU nodes of the published tables that the page refuses; wrongAcceptances: illegal ones that it accepts.",
];

async function previews(samples: Samples, onEnd: OnEnd): Promise<void> {
  const host = await WizardHost.open(onEnd);
  let failed = 0;
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const { times, unanswered } = await answerTimes(host, repeat + 1);
    for (const words of unanswered) say(words.slice(0, 1_000));
    failed += unanswered.length;
    // The first is the compiler's.
    if (repeat === 0) continue;
    samples.add(ARM, "previewP95Ms", slowest(times), "ms");
    for (const time of times) samples.add(ARM, "previewMs", time, "ms");
  }
  samples.add(ARM, "unanswered", failed, "changes");
}

async function drawings(samples: Samples, onEnd: OnEnd): Promise<void> {
  const stage = await setStage(onEnd);
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const { chosen, typed } = await drawnTimes(stage, DEEDS, onEnd);
    // The browser's first.
    if (repeat === 0) continue;
    say(`${slowest(chosen).toFixed(0)} ms, typed ${slowest(typed).toFixed(0)} ms`);
    samples.add(ARM, "drawnP95Ms", slowest(chosen), "ms");
    samples.add(ARM, "typedP95Ms", slowest(typed), "ms");
  }
}

async function applies(path: string, samples: Samples): Promise<void> {
  // Never a configuration of the person's.
  const env = { ...process.env, TF_CLI_CONFIG_FILE: process.platform === "win32" ? "NUL" : "/dev/null" };
  const program = await findTerraform({ env, platform: process.platform, setting: path });
  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    const { lagMs, ownMs, parts } = await foldLag(program, RESOURCES);
    if (parts !== RESOURCES) throw new Error(`the timeline shows ${parts} of ${RESOURCES} resources`);
    say(`${lagMs.toFixed(0)} ms, ${ownMs.toFixed(0)} ms of work`);
    samples.add(ARM, "applyLagMs", lagMs, "ms");
    samples.add(ARM, "applyWorkMs", ownMs, "ms");
  }
}

async function configurations(program: string, samples: Samples): Promise<void> {
  const wishes = acceptedWishes();
  const found: Awaited<ReturnType<typeof planEach>>[] = [await checkConfigurations(program, wishes)];
  for (const cloud of ["gke", "eks"] as const) {
    const mirror = await providerFolder(PROVIDER[cloud]);
    if (mirror === undefined) say(`no ${PROVIDER[cloud]} provider was found: variables.tf alone was planned with`);
    else found.push(await mocked(program, cloud, mirror, wishes));
  }
  for (const detail of found.flatMap(({ details }) => details)) say(detail);
  const refused = found.reduce((sum, one) => sum + one.refused, 0);
  samples.add(ARM, "refusedConfigurations", refused, "configurations");
}

/** All of our files, with a provider that makes nothing. */
function mocked(program: string, cloud: Cloud, mirror: string, wishes: readonly Wish[]): ReturnType<typeof planEach> {
  const all = wishes.filter(({ where }) => where === cloud).map((wish) => variables(wish));
  return inMirror(program, cloud, mirror, async (root, run) => {
    await run("init");
    return planEach(root, run, await mocksOf(cloud), all);
  });
}

/** Wishes that break no rule of the page. */
function acceptedWishes(): readonly Wish[] {
  const accepted = (wish: Wish): boolean =>
    wish.where !== "local" && findings(wish, {}).every(({ severity }) => severity !== "error");
  const found: Wish[] = [];
  const take = (wishes: readonly Wish[], most: number): void => {
    found.push(...wishes.filter(accepted).slice(0, most - found.length));
  };
  for (let seed = 1; found.length < FROM_ANYTHING && seed <= 50; seed++)
    take(fc.sample(anyWish, { numRuns: 2_000, seed }), FROM_ANYTHING);
  for (let seed = 1; found.length < CONFIGURATIONS; seed++) take(randomWishes(CONFIGURATIONS, seed), CONFIGURATIONS);
  return found;
}

function legal(samples: Samples): void {
  let [refusals, accepted] = [0, 0];
  for (const cloud of ["gke", "eks"] as const)
    for (const spot of [false, true]) {
      const wrong = bothErrors(cloud, spot);
      for (const name of [...wrong.refusals, ...wrong.accepted]) say(`wrong: ${name}`);
      say(`${cloud}, ${spot ? "spot" : "on demand"}: ${wrong.legal} legal, ${wrong.illegal} illegal`);
      refusals += wrong.refusals.length;
      accepted += wrong.accepted.length;
    }
  samples.add(ARM, "wrongRefusals", refusals, "combinations");
  samples.add(ARM, "wrongAcceptances", accepted, "combinations");
}

/** The time that one of twenty exceeds. */
function slowest(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] ?? NaN;
}
