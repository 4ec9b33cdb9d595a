// Preloaded by Node: Stryker's runner 10.0.0 asks mocha for `lib/cli/run-helpers` and two others without an ending,
// which mocha 12.0.3 has as `.cjs`.
import { registerHooks } from "node:module";

registerHooks({
  resolve: (name, context, next) => next(/mocha\/lib\/cli\/[\w-]+$/.test(name) ? `${name}.cjs` : name, context),
});
