// Thousands of runs at a server of Kubeflow Pipelines: copies of one that it has carried out, made in its database.
import fs from "node:fs";
import path from "node:path";
import { cached } from "../../scripts/cache.mjs";
import { run } from "../../scripts/steps.mjs";
import { DATABASE_PORT } from "../sandbox/inside/pipelines.ts";
import { layoutOf } from "../sandbox/layout.ts";
import { runtimePaths, unpackPackages } from "../sandbox/parts/debian.ts";
import { readStatus } from "../sandbox/state.ts";

/** Tables with a row or more for each run, and the column that names it (pipelines 2.0.5: backend/src/apiserver/model). */
const TABLES = [
  { table: "run_details", run: "UUID", own: undefined, created: "CreatedAtInSec" },
  { table: "tasks", run: "RunUUID", own: "UUID", created: "CreatedTimestamp" },
] as const;

/** Of MariaDB's own client, in the network of a sandbox, which nobody else is let into. */
export class PipelinesDatabase {
  readonly #argv: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  /** @param sandbox its name @param database of the installation */
  static async open(sandbox: string, database: string): Promise<PipelinesDatabase> {
    const release = fs.readFileSync("/etc/os-release", "utf8");
    const dir = await cached("mariadb-client", { release, recipe: 1 }, (into) =>
      unpackPackages(into, () => Promise.resolve(["mariadb-client-core", "libmariadb3"])),
    );
    const inside = readStatus(layoutOf(sandbox))?.inside;
    if (inside === undefined) throw new Error(`The sandbox «${sandbox}» does not run.`);
    const argv = ["--net", `--target=${inside.pid}`, path.join(dir, "root/usr/bin/mariadb"), "--no-defaults"];
    const login = ["--host=127.0.0.1", `--port=${DATABASE_PORT}`, "--user=kfp", "--password=kfp", database];
    const libraries = runtimePaths(dir).libraries.join(path.delimiter);
    return new PipelinesDatabase([...argv, "--batch", "--skip-column-names", ...login], { LD_LIBRARY_PATH: libraries });
  }

  private constructor(argv: readonly string[], env: NodeJS.ProcessEnv) {
    this.#argv = argv;
    this.#env = env;
  }

  /** @returns lines of columns, parted by tabs */
  query(statement: string): Promise<string> {
    return run("nsenter", this.#argv, { input: `${statement};\n`, env: this.#env });
  }

  /** Makes runs like `id`, each some seconds older than the one before, until there are `count`. */
  async copyRun(id: string, count: number): Promise<void> {
    const there = Number(await this.query("select count(*) from run_details"));
    const missing = count - there;
    if (missing <= 0) return;
    for (const { table, run: column, own, created } of TABLES) {
      const said = await this.query(`select column_name from information_schema.columns where table_schema = database()
        and table_name = '${table}'`);
      const columns = said.trim().split("\n");
      const values = columns.map((name) => {
        if (name === column) return `concat('copy-', lpad(seq, 8, '0'))`;
        if (name === own) return "uuid()";
        if (name === created) return `${name} - 60 * seq`;
        // Names of runs are their Workflows', which are one of a kind.
        return table === "run_details" && name === "Name" ? `concat(${name}, '-', seq)` : `\`${name}\``;
      });
      await this.query(`insert into ${table} (${columns.map((name) => `\`${name}\``).join(", ")})
        select ${values.join(", ")} from ${table} join seq_1_to_${missing} where ${column} = '${id}'`);
    }
  }
}
