/** Where an address leads nowhere, or a screen could not be shown: a sentence, and a way on. */
import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "../parts/parts.tsx";

export function NotFound(): ReactNode {
  return (
    <Page title="There is no such screen" about="The address may be of another version, or have lost its end.">
      <p>
        <Link to="/">To the first screen</Link>
      </p>
    </Page>
  );
}

export function Failed({ error }: ErrorComponentProps): ReactNode {
  return (
    <Page title="This screen cannot be shown">
      <p className="problem" role="alert">
        {error instanceof Error ? error.message : String(error)}
      </p>
      <p className="quiet">A server that was updated meanwhile has other files: loading the page again gets them.</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </Page>
  );
}
