// A plugin of Stryker's: leaves out the words that people read in errors and logs. How they sound is a matter of taste,
// and tests that repeat them hold nothing.

interface NodePath {
  readonly node: {
    readonly type: string;
    readonly value?: unknown;
    readonly quasis?: readonly { readonly value: { readonly raw: string } }[];
  };
}

const reasonOf = ({ node }: NodePath): string | undefined => {
  const texts =
    node.type === "StringLiteral" ? [String(node.value)] : (node.quasis ?? []).map(({ value }) => value.raw);
  return texts.some((text) => text.includes(" ")) ? "a sentence that people read" : undefined;
};

export const strykerPlugins = [{ kind: "Ignore", name: "sentences", value: { shouldIgnore: reasonOf } }];
