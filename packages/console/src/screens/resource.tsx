/** One metered resource: its life, its registrations, and the seconds of each hour that are metered of it. */
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useAnswer } from "../api/calls.ts";
import { useChange } from "../api/change.ts";
import { Card, Code, Confirm, Empty, Facts, Loading, Page, Problem, State } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { Time, useServiceNow } from "../parts/time.tsx";
import { useServer } from "../shell/server.ts";
import { Bar } from "./resources.tsx";
import { whole } from "./wording.tsx";

const route = getRouteApi("/resources/$id");

export function Resource(): ReactNode {
  const { id } = route.useParams();
  const { mayChange } = useServer();
  const nowMs = useServiceNow();
  const resource = useAnswer("GET /resources/{id}", { params: { id } });
  const use = useAnswer("GET /resources/{id}/use", { params: { id } });
  const stop = useChange((client, _given: undefined) =>
    client.call("POST /resources/{id}/stop", { params: { id }, body: {} }),
  );
  if (resource.data === undefined) {
    return (
      <Page title="Resource">
        {resource.error === null ? <Loading /> : <Problem error={resource.error} />}
        <p>
          <Link to="/resources">All resources</Link>
        </p>
      </Page>
    );
  }
  const { externalId, platform, accountId, region, roleName, startedAt, stoppedAt, live, heardAt, registrations } =
    resource.data;
  const hours = use.data?.hours ?? [];
  return (
    <Page
      title={externalId}
      about={<State tone={live ? "ok" : "plain"}>{live ? "runs" : "has ended"}</State>}
      actions={
        mayChange && live ? (
          <Confirm label="It has ended" title="Has it ended?" tone="danger" onConfirm={() => stop.mutate(undefined)}>
            <p>Its use is metered until now, by the service clock, and no longer.</p>
          </Confirm>
        ) : null
      }
    >
      {stop.error === null ? null : <Problem error={stop.error} />}
      <Bar resource={resource.data} fromMs={Date.parse(startedAt)} toMs={nowMs} />
      <Facts
        facts={[
          { name: "Resource id", value: <Code>{id}</Code>, isWide: true },
          { name: "Platform", value: platform },
          { name: "Account", value: <code>{accountId}</code> },
          { name: "Region", value: region },
          roleName === undefined ? undefined : { name: "Role", value: <code>{roleName}</code> },
          { name: "Started", value: <Time at={startedAt} /> },
          { name: "Ended", value: <Time at={stoppedAt} none="runs" /> },
          { name: "Heard of", value: <Time at={heardAt} /> },
        ]}
      />
      <Card title="Registrations">
        {registrations.length === 0 ? (
          <Empty title="It has registered no product">
            RegisterUsage is called by the product’s own program, once, when it starts.
          </Empty>
        ) : (
          <Table
            label="Registrations"
            rows={registrations}
            keyOf={({ productCode }) => productCode}
            columns={[
              {
                name: "Product",
                cell: ({ productCode }) => (
                  <Link to="/products/$id" params={{ id: productCode }}>
                    {productCode}
                  </Link>
                ),
              },
              { name: "Registered", cell: ({ registeredAt }) => <Time at={registeredAt} /> },
              { name: "Metered until", cell: ({ accruedTo }) => <Time at={accruedTo} none="nothing yet" /> },
            ]}
          />
        )}
      </Card>
      <Card title="Use, hour by hour">
        {use.error === null ? null : <Problem error={use.error} />}
        {hours.length === 0 ? (
          <p className="quiet">Nothing was used in the last day.</p>
        ) : (
          <Table
            label="Use, hour by hour"
            rows={hours}
            keyOf={({ hour, productCode, dimension }) => `${hour} ${productCode} ${dimension}`}
            columns={[
              { name: "Hour", cell: ({ hour }) => <Time at={hour} /> },
              { name: "Dimension", cell: ({ dimension }) => <code>{dimension}</code> },
              { name: "Seconds", kind: "number", cell: ({ seconds }) => whole(seconds) },
              {
                name: "Adjusted",
                kind: "number",
                cell: ({ adjustments = 0 }) => (adjustments === 0 ? "–" : whole(adjustments)),
              },
              {
                name: "State",
                cell: ({ final }) => <State tone={final ? "ok" : "info"}>{final ? "final" : "provisional"}</State>,
              },
            ]}
          />
        )}
      </Card>
    </Page>
  );
}
