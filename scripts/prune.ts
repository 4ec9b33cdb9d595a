// Gives disk back: the Go caches are most of the cache and only needed to build parts again.
import fs from "node:fs/promises";
import path from "node:path";
import { cacheRoot } from "./cache.mjs";
import { step } from "./steps.mjs";

await step("removing the Go caches", () =>
  fs.rm(path.join(cacheRoot(), "go"), { recursive: true, force: true, maxRetries: 3 }),
);
