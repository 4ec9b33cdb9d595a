// HCL read as Terraform reads it. Its declarations bring the browser's globals along, which are not Node's: required
// without them.
import { createRequire } from "node:module";

interface Hcl2Json {
  /** The blocks of a file as plain JSON; rejects with line and column where it is no HCL. */
  readonly parse: (filename: string, text: string) => Promise<Record<string, unknown>>;
}

export const { parse } = createRequire(import.meta.url)("@cdktn/hcl2json") as Hcl2Json;
