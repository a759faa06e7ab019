/** Whether an IAM pattern matches a whole text: `*` stands for any text, `?` for one character. Upper and lower case differ. */
export function matchesWildcard(pattern: string, text: string): boolean {
  // The place of the last `*`, and how much text it has matched: after a mismatch it matches one character more.
  let star = -1;
  let resume = 0;
  let at = 0;
  for (let i = 0; i < text.length;) {
    if (pattern[at] === "*") {
      star = at;
      resume = i;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[i])) {
      at += 1;
      i += 1;
    } else if (star !== -1) {
      resume += 1;
      i = resume;
      at = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
