/** Sends a request again, as it was or edited, signed anew with a key of the catalogue. */
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";
import { useAnswer } from "../../api/calls.ts";
import { useChange } from "../../api/change.ts";
import { Field } from "../../parts/fields.tsx";
import { Problem, State } from "../../parts/parts.tsx";
import { useServiceNow } from "../../parts/time.tsx";

interface ReplayProps {
  readonly requestId: string;
  readonly accessKeyId: string | undefined;
}

export function Replay({ requestId, accessKeyId }: ReplayProps): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className="fold" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>Send it again</summary>
      <div className="fold-body">{isOpen ? <Form requestId={requestId} accessKeyId={accessKeyId} /> : null}</div>
    </details>
  );
}

function Form({ requestId, accessKeyId }: ReplayProps): ReactNode {
  const nowMs = useServiceNow();
  const raw = useAnswer("GET /requests/{id}/raw", { params: { id: requestId } });
  const accounts = useAnswer("GET /accounts", { query: { limit: 200 } });
  const [edited, setEdited] = useState<string>();
  const [key, setKey] = useState<string>();
  const [unreadable, setUnreadable] = useState<string>();
  const send = useChange((client, body: { accessKeyId?: string; body?: Record<string, unknown> }) =>
    client.call("POST /requests/{id}/replay", { params: { id: requestId }, body }),
  );
  const keys = (accounts.data?.items ?? []).flatMap(({ users }) => users.flatMap(({ accessKeyIds }) => accessKeyIds));
  const usual = accessKeyId !== undefined && keys.includes(accessKeyId) ? accessKeyId : (keys[0] ?? "");
  const text = edited ?? pretty(raw.data?.request.body);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    try {
      const changed =
        edited === undefined || text === undefined ? {} : { body: JSON.parse(text) as Record<string, unknown> };
      setUnreadable(undefined);
      send.mutate({ accessKeyId: key ?? usual, ...changed });
    } catch (error) {
      setUnreadable(`This is not JSON: ${(error as Error).message}`);
    }
  };
  return (
    <form className="form" onSubmit={submit}>
      {text === undefined ? null : (
        <Field label="Body, with the names of the wire" rows={10} value={text} onChange={setEdited} />
      )}
      <div className="actions">
        {text?.includes('"Timestamp"') === true ? (
          <button
            type="button"
            className="button"
            onClick={() => setEdited(withTimestamps(text, Math.floor(nowMs / 1_000)))}
          >
            Used now, instead
          </button>
        ) : null}
      </div>
      <Field label="Signed with" value={key ?? usual} onChange={setKey} options={keys} />
      {unreadable === undefined ? null : (
        <p className="problem" role="alert">
          {unreadable}
        </p>
      )}
      {send.error === null ? null : <Problem error={send.error} />}
      <div className="actions">
        <button type="submit" className="button primary" disabled={send.isPending}>
          {edited === undefined ? "Send it again" : "Send it edited"}
        </button>
        {send.data === undefined ? null : (
          <span role="status">
            <State tone={(send.data.status ?? 0) === 200 ? "ok" : "bad"}>{send.data.status ?? "no answer"}</State>{" "}
            {send.data.problem}{" "}
            {send.data.requestId === undefined ? null : (
              <Link to="/requests/$id" params={{ id: send.data.requestId }}>
                What came of it
              </Link>
            )}
          </span>
        )}
      </div>
    </form>
  );
}

function pretty(body: string | undefined): string | undefined {
  if (body === undefined) return undefined;
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body;
  }
}

function withTimestamps(text: string, seconds: number): string {
  return text.replaceAll(/("Timestamp":\s*)("[^"]*"|[\d.eE+-]+)/g, `$1${seconds}`);
}
