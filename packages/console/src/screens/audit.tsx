/** The audit trail: who did what, found by all its filters; and whether it is as it was written. */
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AuditEvent, AuditVerificationJob } from "countinghouse/operator";
import { useAnswer, useList } from "../api/calls.ts";
import { useChange } from "../api/change.ts";
import { download } from "../parts/download.ts";
import { Filters } from "../parts/filters.tsx";
import { Card, Code, Empty, Facts, Page, Problem, State } from "../parts/parts.tsx";
import { ListTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { nameOf } from "./activity/call.ts";
import { whole } from "./wording.tsx";

const route = getRouteApi("/audit");
const FILTERS = ["eventName", "accountId", "accessKeyId", "productCode", "from", "to"] as const;
const LABELS: Readonly<Record<(typeof FILTERS)[number], readonly [string, string]>> = {
  eventName: ["Event", "BatchMeterUsage"],
  accountId: ["Caller’s account", "111122223333"],
  accessKeyId: ["Access key", "Any"],
  productCode: ["Product code", "Any"],
  from: ["From", "2026-07-01T00:00:00Z"],
  to: ["Until", "2026-08-01T00:00:00Z"],
};

export function Audit(): ReactNode {
  const search = route.useSearch();
  const query = Object.fromEntries(
    FILTERS.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])),
  );
  const list = useList(
    "GET /audit-events",
    { ...query, order: search.order === "oldest" ? "oldest" : "newest" },
    { keep: true },
  );
  return (
    <Page
      title="Audit"
      about="Every call and change that is kept, as CloudTrail has it, in a chain that shows whether anything was altered."
    >
      <Chain />
      <Card
        title="Events"
        actions={
          <button
            type="button"
            className="button"
            disabled={(list.items?.length ?? 0) === 0}
            onClick={() =>
              download("audit-events.json", JSON.stringify({ Records: list.items }, undefined, 2), "application/json")
            }
          >
            Export what is shown
          </button>
        }
      >
        <Filters
          values={search}
          filters={[
            ...FILTERS.map((name) => ({ name, label: LABELS[name][0], placeholder: LABELS[name][1] })),
            {
              name: "order",
              label: "Order",
              options: [
                ["", "Newest first"],
                ["oldest", "Oldest first"],
              ],
            },
          ]}
        />
        <ListTable<AuditEvent>
          label="Audit events"
          list={list}
          keyOf={({ eventID }) => eventID}
          columns={[
            { name: "Time", cell: ({ eventTime }) => <Time at={eventTime} /> },
            {
              name: "Event",
              cell: ({ eventName, requestID, eventSource }) => (
                <>
                  <Link to="/requests/$id" params={{ id: requestID }} className="row-link">
                    {eventName}
                  </Link>
                  <span className="under quiet">{eventSource.replace(".amazonaws.com", "")}</span>
                </>
              ),
            },
            { name: "Who", cell: ({ userIdentity }) => nameOf(userIdentity.arn ?? userIdentity.principalId) },
            {
              name: "What came of it",
              cell: ({ errorCode }) =>
                errorCode === undefined ? <State tone="ok">done</State> : <State tone="bad">{errorCode}</State>,
            },
            { name: "From", kind: "wide-only", cell: ({ sourceIPAddress }) => sourceIPAddress },
          ]}
          empty={
            <Empty
              title={Object.keys(query).length === 0 ? "Nothing has happened yet" : "No event matches"}
              command="npm run countinghouse -- audit search"
            >
              Calls and changes are kept from the first one on.
            </Empty>
          }
          noMatch={null}
        />
      </Card>
    </Page>
  );
}

const RUNNING_MS = 500;

function Chain(): ReactNode {
  const jobs = useAnswer("GET /audit-verifications", undefined, { every: 5_000 });
  const [newest] = jobs.data?.items ?? [];
  const followed = useAnswer(
    "GET /audit-verifications/{id}",
    { params: { id: newest?.id ?? "" } },
    { enabled: newest?.state === "running", every: RUNNING_MS },
  );
  const begin = useChange((client, _given: undefined) => client.call("POST /audit-verifications"));
  const job = newest?.state === "running" ? (followed.data ?? newest) : newest;
  return (
    <Card
      title="Chain"
      actions={
        <button
          type="button"
          className="button"
          disabled={begin.isPending || job?.state === "running"}
          onClick={() => begin.mutate(undefined)}
        >
          Verify the trail
        </button>
      }
    >
      {jobs.error === null ? null : <Problem error={jobs.error} />}
      {begin.error === null ? null : <Problem error={begin.error} />}
      {job === undefined ? (
        <p className="quiet">
          It has not been verified since the server started. Verifying recomputes every link; metering goes on
          meanwhile.
        </p>
      ) : (
        <Verification job={job} />
      )}
    </Card>
  );
}

function Verification({ job }: { readonly job: AuditVerificationJob }): ReactNode {
  const { state, entriesRead, entriesTotal, result, problem, startedAt, endedAt } = job;
  if (state === "running") {
    return (
      <div role="status">
        <label htmlFor="verification">
          {whole(entriesRead)} of {whole(entriesTotal)} entries
        </label>
        <progress id="verification" value={entriesRead} max={Math.max(1, entriesTotal)} />
      </div>
    );
  }
  if (result === undefined) return <p className="problem">{problem ?? "It could not be finished."}</p>;
  const { intact, entries, heads, checkpoints, disagreement } = result;
  return (
    <>
      <p className={intact ? "done" : "problem"} role="status">
        {intact
          ? `All ${whole(entries)} entries are as they were written.`
          : (disagreement ?? "Something is not as it was written.")}
      </p>
      <Facts
        facts={[
          { name: "Verified", value: <Time at={endedAt ?? startedAt} /> },
          { name: "Checkpoints", value: whole(checkpoints.count) },
          { name: "Newest checkpoint", value: <Time at={checkpoints.newestAt} none="none" /> },
          { name: "Key that signs them", value: <Code>{checkpoints.keyFingerprint}</Code>, isWide: true },
          ...heads.map(({ lane, seq, link }) => ({
            name: `Lane ${lane}, entry ${whole(seq)}`,
            value: <Code>{link}</Code>,
            isWide: true as const,
          })),
        ]}
      />
    </>
  );
}
