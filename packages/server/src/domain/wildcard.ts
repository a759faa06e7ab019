/** Whether a pattern of IAM's matches a whole text: `*` stands for any text, `?` for one character. Case counts. */
export function matchesWildcard(pattern: string, text: string): boolean {
  // Where the last `*` stands, and how much of the text it has taken: a mismatch lets it take one more.
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
