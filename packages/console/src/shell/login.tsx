/** Without a token there is nothing to show: how one comes by it. */
import { useState, type FormEvent, type ReactNode } from "react";
import { logIn, type EndOfSession } from "../api/session.ts";
import { Field } from "../parts/fields.tsx";

const WHY: Readonly<Record<EndOfSession, string>> = {
  refused: "The server does not take this token. Where it makes one of its own, each start prints another.",
  "logged-out": "You are logged out: this tab has forgotten the token.",
};

export function Login({ ended }: { readonly ended: EndOfSession | undefined }): ReactNode {
  const [token, setToken] = useState("");
  const isReadable = /^[!-~]+$/.test(token.trim());
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReadable) logIn(token.trim());
  };
  return (
    <main className="login">
      <p className="brand">Countinghouse</p>
      <h1>Operator token</h1>
      {ended === undefined ? null : (
        <p className={ended === "refused" ? "problem" : "quiet"} role="alert">
          {WHY[ended]}
        </p>
      )}
      <form onSubmit={submit}>
        <Field
          label="Token"
          type="password"
          value={token}
          onChange={setToken}
          required
          autoFocus
          hint={token !== "" && !isReadable ? "It has letters, digits and signs, and no spaces." : undefined}
        />
        <button type="submit" className="button primary">
          Log in
        </button>
      </form>
      <p className="quiet">
        The server prints a link that holds it when it starts. It is also what <code>--operator-token</code> said, and,
        on the server’s machine, in <code>server.json</code> of the data folder. It stays in this tab.
      </p>
    </main>
  );
}
