/** A request with all that is known of it: what came of it, why, what was asked and answered, its bytes, its signature. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RequestShown } from "countinghouse/operator";
import { statusOf, useAnswer } from "../../api/calls.ts";
import { Code, CopyButton, Facts, Loading, Problem, State } from "../../parts/parts.tsx";
import { Time } from "../../parts/time.tsx";
import { useServer } from "../../shell/server.ts";
import { useAdviceOf } from "../activity/advice.ts";
import { OUTCOME_TONES, countsText, nameOf, outcomeWord } from "../activity/call.ts";
import { Json } from "./json.tsx";
import { Raw } from "./raw.tsx";
import { Replay } from "./replay.tsx";
import { Signature } from "./signature.tsx";
import { Why } from "./why.tsx";

export function RequestView({ id, actions }: { readonly id: string; readonly actions: ReactNode }): ReactNode {
  const request = useAnswer("GET /requests/{id}", { params: { id } });
  if (request.data !== undefined) return <Shown request={request.data} actions={actions} />;
  return (
    <>
      <header className="page-head">
        <h1>Request</h1>
        <div className="actions">{actions}</div>
      </header>
      {request.error === null ? <Loading /> : <Problem error={request.error} />}
      {statusOf(request.error) === 404 ? (
        <p className="quiet">
          Ids of requests stand in answers as <code>x-amzn-RequestId</code>. One that was refused before it was believed
          is held in a lab’s memory only, and for the newest 500.{" "}
          <Link to="/audit">Look for it in the audit trail</Link>.
        </p>
      ) : null}
    </>
  );
}

/** Refusals that are about who called: there the signature is what has to be looked at. */
const ABOUT_SIGNATURES =
  /Signature|UnrecognizedClient|AccessKey|MissingAuthentication|IncompleteSignature|InvalidClientToken/;

function Shown({ request, actions }: { readonly request: RequestShown; readonly actions: ReactNode }): ReactNode {
  const { isLab, mayChange } = useServer();
  const {
    requestId,
    operation = "A request",
    outcome,
    records,
    timing,
    principal,
    accessKeyId,
    rawHeld,
    code,
  } = request;
  const counts = countsText(records);
  const isAboutSignature = code !== undefined && ABOUT_SIGNATURES.test(code);
  return (
    <article className="request">
      <header className="page-head">
        <div>
          <h1>{operation}</h1>
          <p>
            <State tone={OUTCOME_TONES[outcome]}>{outcomeWord(request)}</State>
            {counts === undefined ? null : <span className="quiet"> {counts}</span>}
            {code === undefined ? null : <span className="quiet"> {code}</span>}
          </p>
        </div>
        <div className="actions">{actions}</div>
      </header>
      <Why request={request}>
        <Advice request={request} />
      </Why>
      {isLab && rawHeld && isAboutSignature ? <Signature requestId={requestId} /> : null}
      <Facts
        facts={[
          { name: "Request id", value: <Code>{requestId}</Code>, isWide: true },
          { name: "When", value: <Time at={request.at} /> },
          principal === undefined
            ? undefined
            : { name: "Who", value: <span title={principal}>{nameOf(principal)}</span> },
          accessKeyId === undefined ? undefined : { name: "Access key", value: <Code>{accessKeyId}</Code> },
          request.region === undefined ? undefined : { name: "Region", value: request.region },
          request.productCode === undefined
            ? undefined
            : {
                name: "Product",
                value: (
                  <Link to="/products/$id" params={{ id: request.productCode }}>
                    {request.productCode}
                  </Link>
                ),
              },
          request.userAgent === undefined ? undefined : { name: "Program", value: request.userAgent, isWide: true },
          request.sourceAddress === undefined || request.sourceAddress === ""
            ? undefined
            : { name: "From", value: request.sourceAddress },
          timing === undefined ? undefined : { name: "Took", value: `${timing.milliseconds.toFixed(1)} ms` },
        ]}
      />
      {request.kept ? null : (
        <p className="note">
          The ledger keeps nothing of it: it was refused before anybody was believed. A lab holds it in memory for a
          while.
        </p>
      )}
      <div className="columns sides">
        <Json title="Asked" value={request.request} none="It could not be read." />
        <Json
          title="Answered"
          value={
            request.answer ??
            (code === undefined
              ? null
              : { error: code, message: request.explanation?.refusal?.message ?? request.reason })
          }
          none="Nothing but that it was shown."
        />
      </div>
      {isLab && rawHeld ? (
        <>
          {mayChange ? <Replay requestId={requestId} accessKeyId={accessKeyId} /> : null}
          {isAboutSignature ? null : <Signature requestId={requestId} isFolded />}
          <Raw requestId={requestId} />
        </>
      ) : null}
      {request.event === undefined ? null : (
        <details className="fold">
          <summary>As CloudTrail has it</summary>
          <div className="fold-body">
            <CopyButton label="Copy the event" what="the event" text={JSON.stringify(request.event, undefined, 2)} />
            <Json value={request.event} />
          </div>
        </details>
      )}
    </article>
  );
}

/** What its program does wrong, though this may have been accepted. */
function Advice({ request }: { readonly request: RequestShown }): ReactNode {
  const advice = useAdviceOf(request.requestId, request);
  return advice.map(({ id, title, harm, rightWay, source, shows }) => (
    <section key={id} className="why advice" aria-label="Advice">
      <p className="why-sentence">
        {title}. {harm}
      </p>
      <p className="fix">{rightWay}</p>
      <p>This call: {shows}.</p>
      <details className="source">
        <summary>Where that is said</summary>
        <p>{source}</p>
      </details>
    </section>
  ));
}
