// When a recurring run starts: what a person writes, what the server understands, in words, and the next times.
import { Cron } from "croner";
import cronstrue from "cronstrue";
import { UserError } from "../core/errors.ts";

export type Trigger =
  /** Six fields, seconds first (robfig/cron v1, which Kubeflow Pipelines parses with); UTC where the server has no other zone. */
  { readonly kind: "cron"; readonly cron: string } | { readonly kind: "every"; readonly seconds: number };

const FIELDS = 5;
/** What one parser takes and the other does not: last days, nearest weekdays, nth weekdays. */
const UNCOMMON = /[LW#+]/;
const DAYS = 5;
const MONTHS = /JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|MON|TUE|WED|THU|FRI|SAT|SUN/gi;

/**
 * Five fields as everywhere, or six with seconds first. The server takes five for the first five of six: its seconds are
 * written out. Throws UserError `cron` where it is neither.
 */
export function readCron(text: string): Trigger & { readonly kind: "cron" } {
  const fields = text.trim().split(/\s+/);
  const six = fields.length === FIELDS ? ["0", ...fields] : fields;
  const wrong = (why: string): UserError => new UserError("cron", "The schedule cannot be read.", { why });
  if (six.length !== FIELDS + 1 || text.trim() === "")
    throw wrong("It has five fields: minute, hour, day, month, weekday; or six, with seconds first.");
  if (six.some((field) => UNCOMMON.test(field.replace(MONTHS, ""))))
    throw wrong("The server knows numbers, names, lists, ranges and steps alone.");
  // Sunday is 0 there, and 7 is refused.
  const weekday = (six[DAYS] ?? "").replace(/(\d)-7(?![\d/])/g, "$1-6,0").replace(/(?<![\d/-])7(?!\d)/g, "0");
  const cron = [...six.slice(0, DAYS), weekday].join(" ");
  try {
    if (new Cron(cron, { paused: true, timezone: "UTC" }).nextRun() === null) throw wrong("There is no such day.");
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw wrong(reason(error));
  }
  return { kind: "cron", cron };
}

/** `At 09:00 AM, only on Monday`; `Every 30 minutes`. */
export function triggerWords(trigger: Trigger): string {
  if (trigger.kind === "cron") return cronstrue.toString(trigger.cron, { use24HourTimeFormat: true, verbose: false });
  const { seconds } = trigger;
  const [count, unit] =
    seconds % 86_400 === 0
      ? [seconds / 86_400, "day"]
      : seconds % 3_600 === 0
        ? [seconds / 3_600, "hour"]
        : seconds % 60 === 0
          ? [seconds / 60, "minute"]
          : [seconds, "second"];
  return count === 1 ? `Every ${unit}` : `Every ${count} ${unit}s`;
}

/** The next times after `now`, wall ms, at most so many. */
export function nextTimes(trigger: Trigger, now: number, most = 5): readonly number[] {
  if (trigger.kind === "every")
    // The first is one interval after it is made (pipelines: scheduledworkflow, periodic_schedule).
    return Array.from({ length: most }, (_, index) => now + (index + 1) * trigger.seconds * 1000);
  const cron = new Cron(trigger.cron, { paused: true, timezone: "UTC" });
  return cron.nextRuns(most, new Date(now)).map((date) => date.getTime());
}

function reason(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/^CronPattern:\s*/, "");
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
