const RULES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g, "[redacted PEM]"],
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g, "[redacted token]"],
  [/\b(authorization["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',;]+/gi, "$1[redacted]"],
  [/\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, "$1[redacted]"],
  [
    /\b((?:[a-z_-]*token|[a-z_-]*password|passwd|[a-z_-]*secret(?:[_-]?access)?(?:[_-]?key)?|client-key-data|client-certificate-data|api[_-]?key)["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi,
    "$1[redacted]",
  ],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, "[redacted key]"],
  [/\b(?:hf|gh[pousr])_[A-Za-z0-9]{30,}/g, "[redacted token]"],
  [/\bya29\.[A-Za-z0-9_-]+/g, "[redacted token]"],
  [/\b(https?:\/\/)[^\s/@:]+:[^\s/@]+@/g, "$1[redacted]@"],
];

/** Takes tokens, passwords, keys and certificates out of a line that goes to a log or a message. */
export function redact(text: string): string {
  return RULES.reduce((line, [pattern, replacement]) => line.replace(pattern, replacement), text);
}
