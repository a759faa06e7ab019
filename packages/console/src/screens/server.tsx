/** What serves, how it was started, and how it goes. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useAnswer } from "../api/calls.ts";
import { Card, Facts, Loading, Page, Problem, State } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { Measures } from "./measures.tsx";
import { metricsOf } from "./metrics.ts";
import { bytesText, whole } from "./wording.tsx";

const EVERY_MS = 5_000;
const METRICS_EVERY_MS = 2_000;

export function Server(): ReactNode {
  const server = useAnswer("GET /server", undefined, { every: EVERY_MS });
  if (server.data === undefined)
    return <Page title="Server">{server.error === null ? <Loading /> : <Problem error={server.error} />}</Page>;
  const {
    version,
    ruleSet,
    lab,
    clock,
    store,
    quotas,
    keptSince,
    retentionDays,
    you,
    startedAt,
    node,
    ready,
    remarks,
  } = server.data;
  const { queued, connections, activityReaders, freeBytes, logBytes, rawRequests } = server.data;
  return (
    <Page title="Server" about={<State tone={ready ? "ok" : "bad"}>{ready ? "ready" : "not ready"}</State>}>
      {remarks.map((remark) => (
        <p className="note" key={remark}>
          {remark}
        </p>
      ))}
      <Facts
        facts={[
          { name: "Version", value: version },
          {
            name: "Rules",
            value:
              ruleSet === "classic"
                ? "classic: usage is accepted for 6 hours"
                : "current: usage is accepted for 24 hours",
          },
          { name: "Lab", value: lab ? "yes: clocks, faults and resets are allowed" : "no" },
          {
            name: "Clock",
            value: (
              <>
                {clock.mode}, <Time at={clock.now} />
              </>
            ),
          },
          {
            name: "Ledger",
            value: { memory: "memory: nothing is kept", sqlite: "embedded", postgres: "PostgreSQL" }[store.kind],
          },
          { name: "Quotas", value: quotas === "aws" ? "as AWS has them" : "off" },
          { name: "Kept for", value: retentionDays === undefined ? "ever" : `${retentionDays} days` },
          keptSince === undefined ? undefined : { name: "Kept since", value: <Time at={keptSince} /> },
          { name: "Started", value: <Time at={startedAt} /> },
          { name: "Node.js", value: node },
          {
            name: "You are",
            value: `${you.principal} (${you.role === "operator" ? "may change everything" : "may read"})`,
          },
        ]}
      />
      <Card title="Now">
        <Facts
          facts={[
            { name: "Requests waiting for their commit", value: whole(queued) },
            { name: "Connections", value: whole(connections) },
            { name: "Readers of the activity", value: whole(activityReaders) },
            freeBytes === undefined ? undefined : { name: "Room on the disk", value: bytesText(freeBytes) },
            logBytes === undefined ? undefined : { name: "The store’s log", value: bytesText(logBytes) },
            rawRequests === undefined
              ? undefined
              : {
                  name: "Requests whose bytes are held",
                  value: `${whole(rawRequests.held)} (${bytesText(rawRequests.bytes)})`,
                },
          ]}
        />
      </Card>
      <Metrics />
    </Page>
  );
}

function Metrics(): ReactNode {
  const metrics = useQuery({
    queryKey: ["metrics"],
    refetchInterval: METRICS_EVERY_MS,
    queryFn: async ({ signal }) => metricsOf(await (await fetch("/metrics", { signal })).text(), Date.now()),
  });
  const { requests = [], commits = [] } = metrics.data ?? {};
  return (
    <>
      <Measures reading={metrics.data?.reading} />
      <Card title="Requests since the start">
        {metrics.error === null ? null : <Problem error={metrics.error} />}
        {requests.length === 0 ? (
          <p className="quiet">None yet.</p>
        ) : (
          <Table
            label="Requests since the start"
            rows={requests}
            keyOf={({ operation, code }) => `${operation} ${code}`}
            columns={[
              { name: "Operation", cell: ({ operation }) => operation },
              { name: "Answer", cell: ({ code }) => <State tone={code === "ok" ? "ok" : "bad"}>{code}</State> },
              { name: "Requests", kind: "number", cell: ({ count }) => whole(count) },
            ]}
          />
        )}
      </Card>
      {commits.length === 0 ? null : (
        <Card title="How long answers and commits take">
          <Table
            label="How long answers and commits take"
            rows={commits}
            keyOf={({ name }) => name}
            columns={[
              { name: "What", cell: ({ name }) => <code>{name}</code> },
              { name: "Times", kind: "number", cell: ({ count }) => whole(count) },
              { name: "Mean", kind: "number", cell: ({ meanMs }) => `${meanMs.toFixed(2)} ms` },
            ]}
          />
        </Card>
      )}
    </>
  );
}
