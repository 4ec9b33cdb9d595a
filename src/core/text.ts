/** `47 s`, `6 min 12 s`, `2 h 5 min`, `3 d 4 h`. Durations in milliseconds. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** An age in its largest unit alone: `just now`, `14 min`, `2 h`, `3 d`, `5 years`. */
export function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h`;
  const days = Math.floor(hours / 24);
  return days < 730 ? `${days} d` : `${Math.floor(days / 365)} years`;
}

/** Of what has happened: `just now`, `14 min ago`. */
export function ago(ms: number): string {
  return ms < 60_000 ? age(ms) : `${age(ms)} ago`;
}

/** Of what goes on: `for a moment`, `for 14 min`. */
export function lasting(ms: number): string {
  return ms < 60_000 ? "for a moment" : `for ${age(ms)}`;
}

/** The same where something follows: `less than a minute`, `14 min`. */
export function elapsed(ms: number): string {
  return ms < 60_000 ? "less than a minute" : age(ms);
}

/** `812 B`, `84 KB`, `3.1 MB`; decimal units. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  for (const [unit, size] of [
    ["KB", 1e3],
    ["MB", 1e6],
  ] as const) {
    if (count < size * 1000)
      return `${count / size >= 10 ? Math.round(count / size) : (count / size).toFixed(1)} ${unit}`;
  }
  return `${(count / 1e9).toFixed(1)} GB`;
}

/** `1 file`, `2 files`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Lines of about 100 characters, broken between words, each behind `indent`. */
export function wrap(text: string, indent = ""): string {
  return text.replace(/(.{1,100}|\S+)(?:\s+|$)/g, `${indent}$1\n`).trimEnd();
}

/** Shortens to at most `max` characters, with an ellipsis. */
export function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** The parts that say something, one after the other. */
export function joined(parts: readonly string[], separator = " · "): string {
  return parts.filter((part) => part !== "").join(separator);
}
