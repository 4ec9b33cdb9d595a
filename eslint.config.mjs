import js from "@eslint/js";
import ts from "typescript-eslint";

/** What each layer of src/ may import, besides itself. One way only; design: a layer imports what stands left of it. */
const FEATURES = ["jobs", "pipelines", "notebooks", "templates", "provision", "install"];
const LAYERS = {
  core: [],
  contract: ["core"],
  kube: ["core"],
  kubeflow: ["core", "kube"],
  platform: ["core"],
};
const BELOW_FEATURES = ["core", "contract", "kube", "kubeflow"];
const SHOWN = ["tree", "commands", "panels", "terminal", "agent"];
const WITHOUT_VSCODE = ["core", "contract", "kube", "kubeflow", ...FEATURES];
const ALL = [...Object.keys(LAYERS), ...FEATURES, ...SHOWN];

const others = (own, allowed) => ALL.filter((layer) => layer !== own && !allowed.includes(layer));
const outOf = (layers, message) => layers.map((layer) => ({ group: [`**/${layer}/**`, `**/${layer}`], message }));

function layerRule(layer, allowed, extra = []) {
  const vscodeFree = WITHOUT_VSCODE.includes(layer);
  return {
    files: [`src/${layer}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: vscodeFree ? [{ name: "vscode", message: `${layer}/ runs in plain Node: vscode stays out.` }] : [],
          patterns: [
            ...outOf(others(layer, allowed), `${layer}/ may not import this layer (design, layers).`),
            ...extra,
          ],
        },
      ],
    },
  };
}

const featureIndexOnly = (own) => ({
  regex: `^(?:\\.\\./)+(?:${FEATURES.filter((f) => f !== own).join("|")})/(?!index\\.ts$)`,
  message: "Another feature is used through its index.ts.",
});

export default ts.config(
  { ignores: ["dist", "out", "node_modules", "test/sandbox/go"] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.mjs"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-console": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Index signatures are read with ["x"] (noPropertyAccessFromIndexSignature of the compiler).
      "@typescript-eslint/dot-notation": "off",
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "Named exports only." },
        { selector: "ExportAllDeclaration", message: "Name what is exported." },
        { selector: "TSAsExpression > TSAsExpression", message: "No double casts." },
      ],
      "max-lines": ["error", { max: 400 }],
    },
  },
  ...Object.entries(LAYERS).map(([layer, allowed]) => layerRule(layer, allowed)),
  ...FEATURES.map((feature) => layerRule(feature, [...BELOW_FEATURES, ...FEATURES], [featureIndexOnly(feature)])),
  ...SHOWN.map((layer) =>
    layerRule(layer, [...BELOW_FEATURES, ...FEATURES, "platform", ...SHOWN], [featureIndexOnly("")]),
  ),
  {
    // Pages know what is said between them and the extension, and plain text helpers; nothing else of it.
    files: ["webview/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "/src/(?!contract/|core/)", message: "A page may import contract/ and core/ alone." },
            { regex: "^(vscode|node:.*)$", message: "A page runs in a browser." },
            { regex: "^@vscode/webview-ui-toolkit", message: "Elements come from webview/ui/elements.ts." },
          ],
        },
      ],
    },
  },
  { files: ["webview/ui/elements.ts"], rules: { "no-restricted-imports": "off" } },
  {
    // Only platform/notify.ts talks to the person by message boxes.
    files: ["src/**/*.ts"],
    ignores: ["src/platform/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        ...["showErrorMessage", "showWarningMessage", "showInformationMessage"].map((property) => ({
          property,
          message: "Use platform/notify.ts.",
        })),
      ],
    },
  },
  {
    files: ["**/*.test.ts", "test/**/*.ts", "scripts/**"],
    rules: { "no-console": "off", "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  {
    files: ["**/*.mjs"],
    ...ts.configs.disableTypeChecked,
    rules: {
      ...ts.configs.disableTypeChecked.rules,
      "no-restricted-syntax": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
    },
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        setTimeout: "readonly",
        setInterval: "readonly",
        clearInterval: "readonly",
        URL: "readonly",
      },
    },
  },
);
