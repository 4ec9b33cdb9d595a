// `backend.tf`, the one file of HCL with a person's words in it: a backend takes no variables.
import { UserError } from "../../core/errors.ts";
import type { StatePlace, Wish } from "../../contract/wish.ts";

/** Text of `backend.tf`, or undefined where the state stays beside the files. Throws UserError `state-text` for control characters. */
export function backendText(wish: Wish): string | undefined {
  if (wish.state.kind !== "shared" || wish.where === "local") return undefined;
  return wish.where === "gke" ? gcs(wish.state, wish.name) : s3(wish.state, wish.name, wish.eks.region);
}

type Shared = Extract<StatePlace, { kind: "shared" }>;

function gcs({ bucket, prefix }: Shared, name: string): string {
  // The state of two clusters in one bucket must not meet.
  const folder = prefix.replace(/\/+$/, "") === "" ? `trainyard/${name}` : prefix;
  return `# State is shared: whoever may read the bucket can go on from here, and only one at a time can change anything.
# The bucket has to be there before, best with versions of its objects kept.
terraform {
  backend "gcs" {
    bucket = ${hclString(bucket)}
    prefix = ${hclString(folder)}
  }
}
`;
}

function s3({ bucket, prefix }: Shared, name: string, region: string): string {
  // A key that ends in a slash is refused; the state of two clusters with one prefix must not meet.
  const key = [prefix.replace(/\/+$/, ""), `${name}.tfstate`].filter((part) => part !== "").join("/");
  return `# State is shared: whoever may read the bucket can go on from here, and only one at a time can change anything.
# The bucket has to be there before, best with versions of its objects kept. The lock is an object beside the state.
terraform {
  backend "s3" {
    bucket       = ${hclString(bucket)}
    key          = ${hclString(key)}
    region       = ${hclString(region)}
    encrypt      = true
    use_lockfile = true
  }
}
`;
}

/**
 * A string of HCL that means exactly `text`: `${` and `%{` would begin a template, a quote would end the string. Throws
 * UserError `state-text` for control characters, which no name of a bucket or an object has.
 */
export function hclString(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text))
    throw new UserError("state-text", "The place of the state has a character in it that cannot be printed.");
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  // By functions: in a replacement's text `$$` would mean one `$`.
  return `"${escaped.replaceAll("${", () => "$${").replaceAll("%{", () => "%%{")}"`;
}
