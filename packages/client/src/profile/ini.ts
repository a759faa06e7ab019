/**
 * Reads the INI of `~/.aws/config` and `~/.aws/credentials` as the SDKs do: sections, `key = value`, nested keys by indentation
 * (kept as `parent.key`), comments after `#` or `;` at the start of a line or after white space.
 */

export type Section = Readonly<Record<string, string>>;

/** Sections by the text between their brackets, without quotes and surplus white space. */
export function parseIni(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> | undefined;
  let parent: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const content = line.split(/(?:^|\s)[#;]/, 1)[0]?.trim() ?? "";
    if (content.startsWith("[") && content.endsWith("]")) {
      const name = sectionName(content.slice(1, -1));
      section = sections.get(name) ?? (Object.create(null) as Record<string, string>);
      sections.set(name, section);
      parent = undefined;
      continue;
    }
    const at = content.indexOf("=");
    if (section === undefined || at < 1) continue;
    const key = content.slice(0, at).trim();
    const value = content.slice(at + 1).trim();
    const nested = /^\s/.test(line);
    if (!nested) parent = value === "" ? key : undefined;
    if (value !== "") section[nested && parent !== undefined ? `${parent}.${key}` : key] = value;
  }
  return sections;
}

/** `profile "a b"` becomes `profile a b`, and `profile  a` becomes `profile a`. */
function sectionName(text: string): string {
  const [, kind, , name] = /^\s*([\w-]+)\s+(["']?)(.*?)\2\s*$/.exec(text) ?? [];
  return kind === undefined ? text.trim() : `${kind} ${name}`;
}
