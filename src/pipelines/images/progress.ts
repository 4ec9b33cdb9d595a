import { label } from "../../core/sanitize.ts";

/** What a tool does now, for one line: `step 2 of 4: COPY train.py .`. */
const FORMS: readonly (readonly [form: RegExp, words: (...parts: readonly string[]) => string])[] = [
  // BuildKit, as `docker buildx build --progress=plain` writes it.
  [/^#\d+ \[(?:[^\]]* )?(\d+)\/(\d+)\] (.+)$/, step],
  [/^#\d+ (exporting layers|pushing layers|pushing manifest|sending tarball)/, (doing) => doing],
  [/^#\d+ \[internal\] load metadata for (\S+)/, (image) => `looking at ${image}`],
  // Docker without it.
  [/^Step (\d+)\/(\d+) : (.+)$/, step],
  [/^The push refers to repository \[(.+)\]$/, (to) => `pushing to ${to}`],
  [/^[0-9a-f]{12}: (?:Pushing|Pushed|Layer already exists|Mounted from .+)$/, () => "pushing layers"],
  // Podman and Buildah.
  [/^(?:\[\d+\/\d+\] )?STEP (\d+)\/(\d+): (.+)$/, step],
  [/^Trying to pull (.+?)\.{3}/, (image) => `pulling ${image}`],
  [/^(?:\[\d+\/\d+\] )?COMMIT\b/, () => "writing the image"],
  [/^Copying (?:blob|config) /, () => "copying layers"],
  [/^Writing manifest to image destination/, () => "writing the manifest"],
];

function step(at = "", of = "", what = ""): string {
  return `step ${at} of ${of}: ${what}`;
}

/** What a line of any of the tools says of how far it is; undefined for one that says nothing of that. */
export function progressOf(line: string): string | undefined {
  for (const [form, words] of FORMS) {
    const found = form.exec(line);
    if (found !== null) return label(words(...found.slice(1)), 120);
  }
  return undefined;
}
