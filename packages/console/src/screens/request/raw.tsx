/** The bytes of a request and of its answer, as they stood on the wire; in a lab. */
import { useState, type ReactNode } from "react";
import type { RawRequest } from "countinghouse/operator";
import { useAnswer } from "../../api/calls.ts";
import { CopyButton, Loading, Problem } from "../../parts/parts.tsx";
import { asAwsCli, asCurl, asJavaScript } from "./copy-as.ts";

export function Raw({ requestId }: { readonly requestId: string }): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  const raw = useAnswer("GET /requests/{id}/raw", { params: { id: requestId } }, { enabled: isOpen });
  return (
    <details className="fold" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>On the wire</summary>
      <div className="fold-body">
        {!isOpen ? null : raw.data === undefined ? (
          raw.error === null ? (
            <Loading />
          ) : (
            <Problem error={raw.error} />
          )
        ) : (
          <Sides raw={raw.data} />
        )}
      </div>
    </details>
  );
}

function Sides({ raw }: { readonly raw: RawRequest }): ReactNode {
  const { request, answer } = raw;
  const cli = asAwsCli(raw);
  const curl = asCurl(raw);
  const javaScript = asJavaScript(raw);
  return (
    <>
      <div className="actions">
        {cli === undefined ? null : <CopyButton label="Copy for the AWS CLI" what="an AWS CLI command" text={cli} />}
        {curl === undefined ? null : <CopyButton label="Copy for curl" what="a curl command" text={curl} />}
        {javaScript === undefined ? null : (
          <CopyButton label="Copy for JavaScript" what="a program" text={javaScript} />
        )}
      </div>
      <div className="columns sides">
        <Message
          title="Request"
          first={`${request.method} ${request.path}${request.query === "" ? "" : `?${request.query}`}`}
          message={request}
        />
        <Message
          title="Answer"
          first={answer.dropped === true ? "The connection was cut instead" : String(answer.status)}
          message={answer}
        />
      </div>
    </>
  );
}

interface MessageProps {
  readonly title: string;
  readonly first: string;
  readonly message: Pick<RawRequest["request"], "headers" | "body" | "bodyBytes" | "bodyIsWhole">;
}

function Message({ title, first, message }: MessageProps): ReactNode {
  const { headers, body, bodyBytes, bodyIsWhole } = message;
  const head = [first, ...headers.map(({ name, value }) => `${name}: ${value}`)].join("\n");
  return (
    <section className="card">
      <header className="card-head">
        <h2>{title}</h2>
        <span className="quiet">{bodyBytes} bytes</span>
      </header>
      <pre className="block" tabIndex={0} role="region" aria-label={`${title}, headers and body`}>
        {`${head}\n\n${body ?? "(not shown: it holds a secret)"}`}
        {bodyIsWhole ? "" : "\n… (the rest is not held)"}
      </pre>
    </section>
  );
}
