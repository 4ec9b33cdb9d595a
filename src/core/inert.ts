/**
 * Text for a notification, in which VS Code turns `[words](target)` into a link and runs commands that it names. What a
 * cluster says must stay words: an invisible space parts the brackets.
 */
export function inert(text: string): string {
  return text.replace(/\](?=\s*\()/g, "]\u200b");
}
