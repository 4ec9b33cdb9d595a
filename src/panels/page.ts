// The document of a page: its policy, its style sheet, its script, and nothing else.
import crypto from "node:crypto";

export interface PageParts {
  readonly title: string;
  /** Language of the words on the page, as in `en`. */
  readonly language: string;
  /** Where the editor serves files of pages from, as a source of the policy. */
  readonly cspSource: string;
  readonly script: string;
  readonly style: string;
}

/**
 * Hash of nothing. The toolkit asks the browser what it can by an empty style element, and takes a refusal for a no:
 * then fields that were clicked would look as if they were reached by keyboard. No other inline style has this hash.
 */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/** The document. Its policy lets in one script by a nonce, styles and fonts of ours, and no connection at all. */
export function pageHtml(parts: PageParts): string {
  const nonce = crypto.randomBytes(18).toString("base64url");
  const source = parts.cspSource;
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source} ${EMPTY_STYLE}`,
    `font-src ${source}`,
    `img-src ${source}`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${escape(parts.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(parts.title)}</title>
<link rel="stylesheet" href="${escape(parts.style)}">
</head>
<body>
<script nonce="${nonce}" src="${escape(parts.script)}" defer></script>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
