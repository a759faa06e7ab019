/** The small pieces that all screens are made of. */
import { useRef, useState, type ReactNode } from "react";
import { OperatorProblemError } from "countinghouse/operator";
import { isGone, progressOf } from "../api/calls.ts";

interface PageProps {
  readonly title: ReactNode;
  /** One sentence: what is seen here. */
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, about, actions, children }: PageProps): ReactNode {
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {about === undefined ? null : <p className="quiet">{about}</p>}
        </div>
        {actions === undefined ? null : <div className="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

export function Card({ title, actions, children }: Partial<PageProps>): ReactNode {
  return (
    <section className="card">
      {title === undefined ? null : (
        <header className="card-head">
          <h2>{title}</h2>
          {actions === undefined ? null : <div className="actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export type Tone = "ok" | "warn" | "bad" | "plain" | "info";

/** A state in one or two words; the tone says the same again, for a quick eye. */
export function State({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactNode {
  return <span className={`state ${tone}`}>{children}</span>;
}

/** An id or a text of a program, which can be taken along. */
export function Code({ children, copy = true }: { readonly children: string; readonly copy?: boolean }): ReactNode {
  return (
    <span className="code">
      <code>{children}</code>
      {copy ? <CopyButton text={children} what={children} /> : null}
    </span>
  );
}

export function CopyButton({
  text,
  what,
  label,
}: {
  readonly text: string;
  readonly what: string;
  readonly label?: string;
}): ReactNode {
  const [isCopied, setIsCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => {
      setIsCopied(true);
      setTimeout(() => setIsCopied(false), 1_500);
    });
  };
  const shown = isCopied ? "Copied" : "Copy";
  return (
    <button
      type="button"
      className={label === undefined ? "copy" : "button"}
      onClick={copy}
      aria-label={`${shown}: ${what.slice(0, 80)}`}
    >
      {label === undefined ? shown : isCopied ? "Copied" : label}
    </button>
  );
}

/** Where there is nothing: why, and the command that changes that. */
export function Empty({
  title,
  children,
  command,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly command?: string;
}): ReactNode {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children === undefined ? null : <p className="quiet">{children}</p>}
      {command === undefined ? null : <Command text={command} />}
    </div>
  );
}

export function Command({ text, label = "Command" }: { readonly text: string; readonly label?: string }): ReactNode {
  return (
    <div className="command">
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <CopyButton text={text} what="the command" />
    </div>
  );
}

/** What went wrong, in the server's words, and what can be done about it. */
export function Problem({ error }: { readonly error: Error }): ReactNode {
  // The whole page says so already.
  if (isGone(error)) return <p className="quiet">It is asked again as soon as the server answers.</p>;
  const progress = progressOf(error);
  if (progress !== undefined) {
    return (
      <div role="status">
        <p>{error.message}</p>
        <progress aria-label="How far it has come" value={progress.done} max={Math.max(1, progress.of)} />
      </div>
    );
  }
  const known = error instanceof OperatorProblemError ? error : undefined;
  return (
    <div className="problem" role="alert">
      <p>{known?.detail ?? error.message}</p>
      {known === undefined || known.errors.length === 0 ? null : (
        <ul>
          {known.errors.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Loading(): ReactNode {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">Loading</span>
      <i />
      <i />
      <i />
    </div>
  );
}

interface Fact {
  readonly name: string;
  readonly value: ReactNode;
  /** For what is long. */
  readonly isWide?: true;
}

export function Facts({ facts }: { readonly facts: readonly (Fact | undefined)[] }): ReactNode {
  return (
    <dl className="facts">
      {facts
        .filter((fact) => fact !== undefined)
        .map(({ name, value, isWide }) => (
          <div key={name} className={isWide === true ? "wide" : undefined}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

interface ConfirmProps {
  readonly label: string;
  readonly title: string;
  readonly children: ReactNode;
  readonly tone?: "danger";
  readonly onConfirm: () => void;
  readonly disabled?: boolean;
}

/** A button that asks first, for what cannot be undone. */
export function Confirm({ label, title, children, tone, onConfirm, disabled = false }: ConfirmProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button
        type="button"
        className={`button ${tone ?? ""}`}
        disabled={disabled}
        onClick={() => dialog.current?.showModal()}
      >
        {label}
      </button>
      <dialog ref={dialog} aria-label={title}>
        <h2>{title}</h2>
        <div className="dialog-text">{children}</div>
        <div className="actions">
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Not now
          </button>
          <button
            type="button"
            className={`button primary ${tone ?? ""}`}
            onClick={() => {
              dialog.current?.close();
              onConfirm();
            }}
          >
            {label}
          </button>
        </div>
      </dialog>
    </>
  );
}
