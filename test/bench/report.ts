// The two forms of a result: a table for people and a file for comparisons.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import type { Goal, Measured } from "./figures.ts";

export interface Machine {
  readonly cores: number;
  readonly memoryGB: number;
  readonly node: string;
  readonly platform: string;
  /** Average number of programs that wanted a core in the minute before; 0 where the system does not count them. */
  readonly loadAtStart: number;
}

export function thisMachine(): Machine {
  return {
    cores: os.availableParallelism(),
    memoryGB: tenth(os.totalmem() / 1e9),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    loadAtStart: tenth(os.loadavg()[0] ?? 0),
  };
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Lines of at most 100 columns. */
export function describe(bench: string, machine: Machine, { arms, goals, notes }: Measured): string[] {
  const heading = ["arm", "figure", "median", "min", "max", "unit", "goal"];
  const rows = Object.entries(arms).flatMap(([arm, figures]) =>
    Object.entries(figures).map(([name, { median, min, max, unit }], index) => {
      const goal = goals.find((each) => each.arm === arm && each.figure === name);
      return [index === 0 ? arm : "", name, ...[median, min, max].map(number), unit, verdict(goal, median)];
    }),
  );
  const { cores, memoryGB, node, platform, loadAtStart } = machine;
  return [
    `${bench}: ${cores} cores, ${memoryGB} GB, Node ${node}, ${platform}, load ${loadAtStart} at the start`,
    "",
    ...align([heading, ...rows]),
    "",
    ...notes.flatMap((note) => wrap(note, 100)),
  ];
}

/** Thousands without a separator: the table can then be cut and pasted. */
function number(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

function verdict(goal: Goal | undefined, median: number): string {
  if (goal === undefined) return "";
  return `≤ ${goal.atMost} ${median <= goal.atMost ? "met" : "not met"}`;
}

const NUMERIC = [2, 3, 4];

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        NUMERIC.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1) ?? ""} ${word}`;
    if (lines.length > 0 && longer.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Writes `<folder>/<bench>.json`; returns its path. */
export function writeReport(folder: string, bench: string, machine: Machine, { arms }: Measured): string {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${bench}.json`);
  fs.writeFileSync(file, `${JSON.stringify({ bench, machine, arms }, undefined, 2)}\n`);
  return file;
}
