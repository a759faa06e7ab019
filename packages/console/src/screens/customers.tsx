/** Customers: buyers, with all that they have. */
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Agreement } from "countinghouse/operator";
import { useAnswer, useList } from "../api/calls.ts";
import { Filters } from "../parts/filters.tsx";
import { Code, Empty, Page } from "../parts/parts.tsx";
import { ListTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { AgreementState } from "./wording.tsx";

const route = getRouteApi("/customers");

interface Customer {
  readonly accountId: string;
  readonly title: string | undefined;
  readonly identifiers: readonly string[];
  readonly agreements: readonly Agreement[];
}

export function Customers(): ReactNode {
  const { q = "" } = route.useSearch();
  const agreements = useList("GET /agreements");
  const accounts = useAnswer("GET /accounts", { query: { limit: 1_000 } });
  const titles = new Map((accounts.data?.items ?? []).map(({ id, title }) => [id, title]));
  const customers = agreements.items === undefined ? undefined : customersOf(agreements.items, titles);
  const wanted = q.toLowerCase();
  return (
    <Page title="Customers" about="Buyers, as sellers meter them: by account, by identifier, by licence.">
      <Filters
        values={{ q }}
        filters={[{ name: "q", label: "Filter", type: "search", placeholder: "Account, identifier or title" }]}
      />
      <ListTable
        label="Customers"
        list={{ ...agreements, items: customers }}
        filter={({ accountId, title, identifiers }) =>
          [accountId, title, ...identifiers].some((text) => text?.toLowerCase().includes(wanted))
        }
        keyOf={({ accountId }) => accountId}
        columns={[
          {
            name: "Account",
            cell: ({ accountId, title }) => (
              <>
                <Link to="/accounts" search={{ q: accountId }} className="row-link">
                  {title ?? accountId}
                </Link>
                {title === undefined ? null : <span className="under quiet">{accountId}</span>}
              </>
            ),
          },
          {
            name: "Identifiers",
            cell: ({ identifiers }) =>
              identifiers.length === 0 ? (
                <span className="quiet">–</span>
              ) : (
                identifiers.map((one) => <Code key={one}>{one}</Code>)
              ),
          },
          {
            name: "Agreements",
            cell: ({ agreements: own }) => (
              <ul className="plain">
                {own.map(({ agreementId, status, startsAt }) => (
                  <li key={agreementId}>
                    <Link to="/agreements/$id" params={{ id: agreementId }}>
                      {agreementId}
                    </Link>{" "}
                    <AgreementState status={status} />{" "}
                    <span className="quiet wide-only">
                      since <Time at={startsAt} />
                    </span>
                  </li>
                ))}
              </ul>
            ),
          },
        ]}
        empty={<Empty title="There are no customers yet">Whoever subscribes to a product is one.</Empty>}
        noMatch={<Empty title="No customer matches">Accounts, identifiers and titles are looked at.</Empty>}
      />
    </Page>
  );
}

function customersOf(
  agreements: readonly Agreement[],
  titles: ReadonlyMap<string, string | undefined>,
): readonly Customer[] {
  const byAccount = Map.groupBy(agreements, ({ customerAccountId }) => customerAccountId);
  return [...byAccount].map(([accountId, own]) => ({
    accountId,
    title: titles.get(accountId),
    identifiers: [...new Set(own.flatMap(({ customerIdentifier }) => customerIdentifier ?? []))],
    agreements: own,
  }));
}
