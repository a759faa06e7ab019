/** A value as JSON. It is a text node, whatever stands in it. */
import type { ReactNode } from "react";

interface JsonProps {
  readonly title?: string;
  readonly value: unknown;
  readonly none?: string;
}

export function Json({ title, value, none = "Nothing" }: JsonProps): ReactNode {
  const text = value === null || value === undefined ? undefined : JSON.stringify(value, undefined, 2);
  return (
    <section className="card">
      {title === undefined ? null : (
        <header className="card-head">
          <h2>{title}</h2>
        </header>
      )}
      {text === undefined ? (
        <p className="quiet">{none}</p>
      ) : (
        <pre className="block" tabIndex={0} role="region" aria-label={title ?? "JSON"}>
          {text}
        </pre>
      )}
    </section>
  );
}
