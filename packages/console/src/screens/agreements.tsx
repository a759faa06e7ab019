/** Who has which product, from when until when. */
import { Link, getRouteApi, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Agreement } from "countinghouse/operator";
import { useList } from "../api/calls.ts";
import { Filters } from "../parts/filters.tsx";
import { Code, Empty, Page } from "../parts/parts.tsx";
import { AddDialog } from "../parts/add-dialog.tsx";
import { ListTable, type Column } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { AgreementState } from "./wording.tsx";
import { useServer } from "../shell/server.ts";

const route = getRouteApi("/agreements");
const STATES = ["pending", "active", "suspended", "cancelled", "expired"] as const;

const COLUMNS: readonly Column<Agreement>[] = [
  {
    name: "Agreement",
    cell: ({ agreementId }) => (
      <Link to="/agreements/$id" params={{ id: agreementId }} className="row-link">
        {agreementId}
      </Link>
    ),
  },
  { name: "State", cell: ({ status }) => <AgreementState status={status} /> },
  {
    name: "Customer",
    cell: ({ customerIdentifier, customerAccountId }) => <Code>{customerIdentifier ?? customerAccountId}</Code>,
  },
  {
    name: "Product",
    cell: ({ productCode }) => (
      <Link to="/products/$id" params={{ id: productCode }}>
        {productCode}
      </Link>
    ),
  },
  { name: "From", kind: "wide-only", cell: ({ startsAt }) => <Time at={startsAt} /> },
  {
    name: "Until",
    kind: "wide-only",
    cell: ({ endsAt, cancelledAt }) => <Time at={cancelledAt ?? endsAt} none="no end" />,
  },
];

export function Agreements(): ReactNode {
  const { mayChange } = useServer();
  const { q = "", state = "", product = "" } = route.useSearch();
  const list = useList("GET /agreements");
  const wanted = q.toLowerCase();
  const matches = (agreement: Agreement): boolean =>
    (state === "" || agreement.status === state) &&
    (product === "" || agreement.productCode === product) &&
    [agreement.agreementId, agreement.customerAccountId, agreement.customerIdentifier, agreement.licenseArn].some(
      (text) => text?.toLowerCase().includes(wanted),
    );
  return (
    <Page
      title="Agreements"
      about="Which customer has which product, and what happens to that."
      actions={mayChange ? <AddAgreement /> : null}
    >
      <Filters
        values={{ q, state, product }}
        filters={[
          { name: "q", label: "Filter", type: "search", placeholder: "Id, customer or licence" },
          { name: "state", label: "State", options: [["", "Any"], ...STATES] },
          { name: "product", label: "Product code" },
        ]}
      />
      <ListTable
        label="Agreements"
        list={list}
        columns={COLUMNS}
        keyOf={({ agreementId }) => agreementId}
        filter={matches}
        empty={
          <Empty title="There are no agreements yet">A buyer makes one by subscribing; an operator by adding it.</Empty>
        }
        noMatch={<Empty title="No agreement matches">Ids, customers and licences are looked at.</Empty>}
      />
    </Page>
  );
}

function AddAgreement(): ReactNode {
  const navigate = useNavigate();
  return (
    <AddDialog
      noun="agreement"
      article="an"
      route="POST /agreements"
      add={(client, document) => client.call("POST /agreements", { body: document as never })}
      onAdded={({ agreementId }) => void navigate({ to: "/agreements/$id", params: { id: agreementId } })}
    />
  );
}
