/** A button, and the dialog behind it, in which a new object of the catalogue is filled in by the schema of its route. */
import { useRef, type ReactNode } from "react";
import type { OperatorClient } from "countinghouse/operator";
import { useChange } from "../api/change.ts";
import { SchemaForm } from "./schema-form.tsx";

interface AddDialogProps<Answer> {
  /** What is added, without its article: `product`. */
  readonly noun: string;
  readonly article: "a" | "an";
  readonly route: `POST /${string}`;
  readonly add: (client: OperatorClient, document: Record<string, unknown>) => Promise<Answer>;
  readonly onAdded: (answer: Answer) => void;
}

export function AddDialog<Answer>({ noun, article, route, add, onAdded }: AddDialogProps<Answer>): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const adding = useChange(add, (answer) => {
    dialog.current?.close();
    onAdded(answer);
  });
  const label = `Add ${article} ${noun}`;
  return (
    <>
      <button type="button" className="button" onClick={() => dialog.current?.showModal()}>
        {label}
      </button>
      <dialog ref={dialog} className="wide" aria-label={label}>
        <h2>{label}</h2>
        <SchemaForm
          route={route}
          submitLabel={`Add the ${noun}`}
          isBusy={adding.isPending}
          error={adding.error}
          onSubmit={adding.mutate}
        />
        <button type="button" className="button dialog-close" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </dialog>
    </>
  );
}
