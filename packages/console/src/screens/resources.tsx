/** Instances, tasks and pods as bars over time: when they ran, what they registered, when they were heard of last. */
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Resource } from "countinghouse/operator";
import { useList } from "../api/calls.ts";
import { Filters } from "../parts/filters.tsx";
import { Empty, Page, State } from "../parts/parts.tsx";
import { ListTable } from "../parts/table.tsx";
import { Time, lengthOf, useServiceNow, utc } from "../parts/time.tsx";

const route = getRouteApi("/resources");
const PLATFORMS = ["ec2", "ecs", "eks"] as const;

export function Resources(): ReactNode {
  const { platform = "", live = "", product = "" } = route.useSearch();
  const query = {
    ...(platform === "" ? {} : { platform }),
    ...(live === "" ? {} : { live }),
    ...(product === "" ? {} : { productCode: product }),
  };
  const list = useList("GET /resources", query, { keep: true });
  const nowMs = useServiceNow();
  const fromMs = Math.min(...(list.items ?? []).map(({ startedAt }) => Date.parse(startedAt)), nowMs - 3_600_000);
  return (
    <Page
      title="Resources"
      about="What runs products on buyers’ accounts: those that run, and those that ended in the last 35 days."
    >
      <Filters
        values={{ platform, live, product }}
        filters={[
          { name: "platform", label: "Platform", options: [["", "Any"], ...PLATFORMS] },
          {
            name: "live",
            label: "Runs",
            options: [
              ["", "Any"],
              ["true", "Runs"],
              ["false", "Has ended"],
            ],
          },
          { name: "product", label: "Product code" },
        ]}
      />
      <ListTable<Resource>
        label="Resources"
        list={list}
        keyOf={({ resourceId }) => resourceId}
        columns={[
          {
            name: "Resource",
            cell: ({ resourceId, externalId, platform: on }) => (
              <>
                <Link to="/resources/$id" params={{ id: resourceId }} className="row-link">
                  {externalId}
                </Link>
                <span className="under quiet">{on}</span>
              </>
            ),
          },
          {
            name: "State",
            cell: ({ live: isLive }) => <State tone={isLive ? "ok" : "plain"}>{isLive ? "runs" : "has ended"}</State>,
          },
          {
            name: `Since ${utc(fromMs).slice(0, 16)} UTC`,
            kind: "wide-only",
            cell: (resource) => <Bar resource={resource} fromMs={fromMs} toMs={nowMs} />,
          },
          {
            name: "Ran for",
            kind: "number",
            cell: (resource) => lengthOf(endOf(resource, nowMs) - Date.parse(resource.startedAt)),
          },
          { name: "Heard", kind: "wide-only", cell: ({ heardAt }) => <Time at={heardAt} /> },
          {
            name: "Registered",
            cell: ({ registrations }) =>
              registrations.length === 0 ? (
                <span className="quiet">nothing</span>
              ) : (
                registrations.map(({ productCode }) => (
                  <code key={productCode} className="under">
                    {productCode}
                  </code>
                ))
              ),
          },
        ]}
        empty={
          <Empty
            title={Object.keys(query).length === 0 ? "Nothing is metered where it runs yet" : "No resource matches"}
            command="npm run countinghouse -- resource add --help"
          >
            A task, a pod or an instance that has been told of is shown here.
          </Empty>
        }
        noMatch={null}
      />
    </Page>
  );
}

function endOf({ stoppedAt }: Resource, nowMs: number): number {
  return stoppedAt === undefined ? nowMs : Date.parse(stoppedAt);
}

interface BarProps {
  readonly resource: Resource;
  readonly fromMs: number;
  readonly toMs: number;
}

const WIDTH = 400;

export function Bar({ resource, fromMs, toMs }: BarProps): ReactNode {
  const spanMs = Math.max(1, toMs - fromMs);
  const x = (ms: number): number => Math.max(0, Math.min(WIDTH, ((ms - fromMs) / spanMs) * WIDTH));
  const startX = x(Date.parse(resource.startedAt));
  const endX = Math.max(startX + 3, x(endOf(resource, toMs)));
  return (
    <svg
      className="bar"
      viewBox={`0 0 ${WIDTH} 16`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`from ${resource.startedAt} to ${resource.stoppedAt ?? "now"}`}
    >
      <rect className="bar-track" x="0" y="7" width={WIDTH} height="2" />
      <rect
        className={resource.live ? "bar-live" : "bar-over"}
        x={startX}
        y="3"
        width={endX - startX}
        height="10"
        rx="2"
      />
      {resource.registrations.map(({ productCode, registeredAt }) => (
        <rect
          key={productCode}
          className="bar-registered"
          x={x(Date.parse(registeredAt))}
          y="0"
          width="2"
          height="16"
        />
      ))}
    </svg>
  );
}
