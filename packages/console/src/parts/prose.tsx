/** Sentences in which names of programs stand between backticks. */
import type { ReactNode } from "react";

export function Prose({ children }: { readonly children: string }): ReactNode {
  return children.split("`").map((part, i) =>
    i % 2 === 0 ? (
      part
    ) : (
      // oxlint-disable-next-line react/no-array-index-key -- parts of a text have nothing but their place
      <code key={i}>{part}</code>
    ),
  );
}
