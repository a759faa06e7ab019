/** One agreement: its life line, what it gives, and what can be done to it. */
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Agreement as ShownAgreement } from "countinghouse/operator";
import { useAnswer } from "../api/calls.ts";
import { useChange } from "../api/change.ts";
import { Card, Code, Confirm, Empty, Facts, Loading, Page, Problem } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { useServer } from "../shell/server.ts";
import { nameOf } from "./activity/call.ts";
import { LifeLine } from "./life-line.tsx";
import { AgreementState } from "./wording.tsx";

const route = getRouteApi("/agreements/$id");

export function Agreement(): ReactNode {
  const { id } = route.useParams();
  const agreement = useAnswer("GET /agreements/{id}", { params: { id } });
  if (agreement.data === undefined) {
    return (
      <Page title="Agreement">
        {agreement.error === null ? <Loading /> : <Problem error={agreement.error} />}
        <p>
          <Link to="/agreements">All agreements</Link>
        </p>
      </Page>
    );
  }
  return <Shown agreement={agreement.data} />;
}

type Action = "cancel" | "suspend" | "resume";

function Shown({ agreement }: { readonly agreement: ShownAgreement }): ReactNode {
  const { mayChange } = useServer();
  const {
    agreementId,
    productCode,
    customerAccountId,
    customerIdentifier,
    licenseArn,
    status,
    freeTrial,
    replaces,
    replacedBy,
  } = agreement;
  const act = useChange((client, action: Action) =>
    client.call(`POST /agreements/{id}/${action}`, { params: { id: agreementId } }),
  );
  const isOver = status === "cancelled" || status === "expired";
  return (
    <Page
      title={agreementId}
      about={<AgreementState status={status} />}
      actions={
        mayChange && !isOver ? (
          <>
            {status === "suspended" ? (
              <button type="button" className="button" disabled={act.isPending} onClick={() => act.mutate("resume")}>
                Resume
              </button>
            ) : (
              <Confirm
                label="Suspend"
                title="Suspend this agreement?"
                disabled={act.isPending}
                onConfirm={() => act.mutate("suspend")}
              >
                <p>The customer’s records are CustomerNotSubscribed until it is resumed.</p>
              </Confirm>
            )}
            <Confirm
              label="Cancel the agreement"
              title="Cancel this agreement?"
              tone="danger"
              disabled={act.isPending}
              onConfirm={() => act.mutate("cancel")}
            >
              <p>It ends for good. Final records are accepted for one hour of the service clock from now.</p>
            </Confirm>
          </>
        ) : null
      }
    >
      {act.error === null ? null : <Problem error={act.error} />}
      <LifeLine agreement={agreement} />
      <Facts
        facts={[
          {
            name: "Product",
            value: (
              <Link to="/products/$id" params={{ id: productCode }}>
                {productCode}
              </Link>
            ),
          },
          { name: "Customer’s account", value: <Code>{customerAccountId}</Code> },
          customerIdentifier === undefined
            ? undefined
            : { name: "Customer identifier", value: <Code>{customerIdentifier}</Code> },
          licenseArn === undefined ? undefined : { name: "Licence", value: <Code>{licenseArn}</Code>, isWide: true },
          { name: "Starts", value: <Time at={agreement.startsAt} /> },
          { name: "Ends", value: <Time at={agreement.endsAt} none="no end" /> },
          agreement.suspendedAt === undefined
            ? undefined
            : { name: "Suspended", value: <Time at={agreement.suspendedAt} /> },
          agreement.cancelledAt === undefined
            ? undefined
            : { name: "Cancelled", value: <Time at={agreement.cancelledAt} /> },
          freeTrial === true ? { name: "Free trial", value: "yes" } : undefined,
          replaces === undefined
            ? undefined
            : {
                name: "Goes on with",
                value: (
                  <Link to="/agreements/$id" params={{ id: replaces }}>
                    {replaces}
                  </Link>
                ),
              },
          replacedBy === undefined
            ? undefined
            : {
                name: "Replaced by",
                value: (
                  <Link to="/agreements/$id" params={{ id: replacedBy }}>
                    {replacedBy}
                  </Link>
                ),
              },
        ]}
      />
      <Card title="Entitlements">
        {agreement.entitlements.length === 0 ? (
          <Empty title="It entitles to nothing">Usage pricing needs no entitlements; contracts have them.</Empty>
        ) : (
          <Table
            label="Entitlements"
            rows={agreement.entitlements}
            keyOf={({ dimension }) => dimension}
            columns={[
              { name: "Dimension", cell: ({ dimension }) => <code>{dimension}</code> },
              { name: "Value", cell: ({ value }) => String(value) },
              { name: "Until", cell: ({ expiresAt }) => <Time at={expiresAt} none="as long as the agreement" /> },
            ]}
          />
        )}
      </Card>
      <History agreementId={agreementId} />
    </Page>
  );
}

/** A value before or after a change. */
function told(value: unknown): string {
  if (value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function History({ agreementId }: { readonly agreementId: string }): ReactNode {
  const history = useAnswer("GET /agreements/{id}/history", { params: { id: agreementId }, query: { limit: 200 } });
  const { data, error } = history;
  return (
    <Card title="What happened to it">
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : null
      ) : data.items.length === 0 ? (
        <p className="quiet">It came with the catalogue file, and nothing has happened to it since.</p>
      ) : (
        <Table
          label="What happened to it"
          rows={data.items}
          keyOf={({ requestId, what }) => `${requestId} ${what}`}
          columns={[
            { name: "When", cell: ({ at }) => <Time at={at} /> },
            {
              name: "What",
              cell: ({ what, requestId, changed = [] }) => (
                <>
                  <Link to="/requests/$id" params={{ id: requestId }}>
                    {what.replace("-", " ")}
                  </Link>
                  {changed.length === 0 ? null : (
                    <span className="under quiet">
                      {changed.map(({ member, from, to }) => `${member}: ${told(from)} → ${told(to)}`).join(", ")}
                    </span>
                  )}
                </>
              ),
            },
            { name: "By", cell: ({ principal }) => nameOf(principal) },
          ]}
        />
      )}
    </Card>
  );
}
