import type { RunSeries } from "./series.ts";

/** Every point that is kept, a line each, as RFC 4180 has it. */
export function csv(runs: readonly { readonly name: string; readonly series: RunSeries }[]): string {
  const lines = ["run,metric,rank,step,epoch,time,value"];
  for (const { name, series } of runs)
    for (const { name: metric, points } of series.series)
      for (const { rank, step, epoch, time, value } of points) {
        const when = time === undefined ? "" : new Date(time).toISOString();
        lines.push([cell(name), cell(metric), cell(String(rank)), step, epoch, when, value].join(","));
      }
  return `${lines.join("\r\n")}\r\n`;
}

/** A table program takes a text that begins so for a formula, and it is the script that named it. */
function cell(text: string): string {
  const plain = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
