import { errorCode } from "../../core/errors.ts";
import { LogTail } from "./logTail.ts";
import { MetricReader } from "./reader.ts";
import { RunSeries } from "./series.ts";

/** The last value of each metric in a log, by name; none where the log has gone. */
export async function lastMetrics(file: string): Promise<ReadonlyMap<string, number>> {
  const [tail, reader, series] = [new LogTail(file), new MetricReader(), new RunSeries()];
  const heard = (source: string | number, text: string): void => {
    for (const point of reader.read({ source, text })) series.add(point);
  };
  try {
    while (await tail.read(heard));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  const last = new Map<string, number>();
  for (const each of series.series) if (each.last !== undefined) last.set(each.name, each.last.value);
  return last;
}
