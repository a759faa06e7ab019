/** Why it was refused: one sentence, the rule with its source, the figures that were held against each other, and a way on. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Explanation, RecordExplanation, RequestShown, Rule } from "countinghouse/operator";
import { State, type Tone } from "../../parts/parts.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { Prose } from "../../parts/prose.tsx";
import { sentenceOf } from "../activity/call.ts";
import { AgreementState, whole } from "../wording.tsx";
import { Fix } from "./fixes.tsx";

interface WhyProps {
  readonly request: RequestShown;
  /** What stands between why, and each record. */
  readonly children: ReactNode;
}

export function Why({ request, children }: WhyProps): ReactNode {
  const { outcome, reason, code, explanation } = request;
  const refusal = explanation?.refusal;
  const records = explanation?.records ?? [];
  return (
    <>
      {outcome === "ok" ? null : (
        <section className={`why ${outcome}`} aria-label="Why">
          <p className="why-sentence">{sentenceOf({ reason, code }) ?? explanation?.summary ?? "It was refused."}</p>
          <Fix request={request} />
          {refusal?.rule === undefined ? null : <RuleText rule={refusal.rule} />}
          {refusal === undefined ? null : <Compared figures={refusal.compared} />}
        </section>
      )}
      {children}
      <Faults faults={explanation?.faults} />
      {records.length === 0 ? null : <Records records={records} />}
    </>
  );
}

function Faults({ faults = [] }: Pick<Explanation, "faults">): ReactNode {
  if (faults.length === 0) return null;
  return (
    <p className="note">
      A fault on demand hit it: {faults.map(({ kind }) => kind).join(", ")}. <Link to="/faults">Faults in force</Link>
    </p>
  );
}

function RuleText({ rule }: { readonly rule: Rule }): ReactNode {
  return (
    <div className="rule">
      <p>
        <strong>Rule {rule.id}.</strong> <Prose>{rule.text}</Prose>
      </p>
      <details className="source">
        <summary>Where the rule comes from</summary>
        <p>{rule.source}</p>
        {rule.reading === undefined ? null : (
          <p>
            Our reading: <Prose>{rule.reading}</Prose>
          </p>
        )}
      </details>
    </div>
  );
}

function Compared({ figures }: { readonly figures: Readonly<Record<string, string | number>> }): ReactNode {
  const entries = Object.entries(figures);
  if (entries.length === 0) return null;
  return (
    <dl className="compared">
      {entries.map(([name, figure]) => (
        <div key={name}>
          <dt>{spoken(name)}</dt>
          <dd>{typeof figure === "number" ? whole(figure) : figure}</dd>
        </div>
      ))}
    </dl>
  );
}

/** `ageSecondsLimit` as `age seconds limit`. */
function spoken(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

const TONES: Readonly<Record<RecordExplanation["outcome"], Tone>> = {
  accepted: "ok",
  replay: "ok",
  duplicate: "bad",
  "not-subscribed": "bad",
  unprocessed: "warn",
};

function Records({ records }: { readonly records: readonly RecordExplanation[] }): ReactNode {
  const odd = records.filter(({ outcome }) => outcome !== "accepted");
  return (
    <section className="card">
      <header className="card-head">
        <h2>{records.length === 1 ? "Its usage record" : `Its ${records.length} usage records`}</h2>
      </header>
      <Table
        label="Usage records"
        rows={records}
        keyOf={({ record }) => String(record)}
        columns={[
          { name: "No", cell: ({ record }) => record },
          {
            name: "What came of it",
            cell: ({ outcome }) => <State tone={TONES[outcome]}>{outcome.replace("-", " ")}</State>,
          },
          {
            name: "Customer, dimension",
            cell: ({ sent }) => (
              <>
                <code>{sent.customerIdentifier ?? sent.customerAccountId ?? "–"}</code>
                <code className="under quiet">{sent.dimension}</code>
              </>
            ),
          },
          { name: "Quantity", kind: "number", cell: ({ sent }) => whole(sent.quantity) },
          { name: "Used at", cell: ({ sent }) => <Time at={sent.timestamp} /> },
        ]}
      />
      {odd.map((record) => (
        <RecordWhy key={record.record} record={record} isOnly={records.length === 1} />
      ))}
    </section>
  );
}

function RecordWhy({ record, isOnly }: { readonly record: RecordExplanation; readonly isOnly: boolean }): ReactNode {
  const { kept, agreements, hint, rule, compared } = record;
  return (
    <details className="fold" open={isOnly || record.record === 1}>
      <summary>
        {isOnly ? "Why" : `Record ${record.record}, why`}: {record.outcome.replace("-", " ")}
      </summary>
      <div className="fold-body">
        {hint === undefined ? null : <p className="hint-strong">{hint}</p>}
        <RuleText rule={rule} />
        <Compared figures={compared} />
        {kept === undefined ? null : (
          <p>
            The record that stands: {whole(kept.quantity)} of <code>{kept.dimension}</code>, recorded{" "}
            <Time at={kept.recordedAt} /> by{" "}
            <Link to="/requests/$id" params={{ id: kept.requestId }}>
              this request
            </Link>
            .
          </p>
        )}
        {agreements === undefined ? null : agreements.length === 0 ? (
          <p>The customer has no agreement for this product.</p>
        ) : (
          <ul>
            {agreements.map(({ agreementId, status, startsAt }) => (
              <li key={agreementId}>
                <Link to="/agreements/$id" params={{ id: agreementId }}>
                  {agreementId}
                </Link>{" "}
                <AgreementState status={status} /> since <Time at={startsAt} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}
