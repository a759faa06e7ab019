/** What each customer used of each dimension, hour by hour or day by day, as colours; a cell opens its records. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import { useAnswer, useList } from "../../api/calls.ts";
import { Field } from "../../parts/fields.tsx";
import { Empty, Loading, Page, Problem } from "../../parts/parts.tsx";
import { MonthField, isMonth, monthSpan, useThisMonth } from "../../parts/month.tsx";
import { CellRecords } from "./cell-records.tsx";
import { HeatMap } from "./heat-map.tsx";
import { mapOf, type Grain, type Measure } from "./map-of.ts";
import { MapTable } from "./map-table.tsx";

const route = getRouteApi("/usage");

type Name = "month" | "grain" | "measure" | "product" | "view" | "row" | "at";

export function UsageMap(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/usage" });
  const thisMonth = useThisMonth();
  const month = isMonth(search.month ?? "") ? (search.month ?? thisMonth) : thisMonth;
  const grain: Grain = search.grain === "hour" ? "hour" : "day";
  const measure: Measure = search.measure === "money" ? "money" : "units";
  const product = search.product ?? "";
  const { from, to } = monthSpan(month);
  const products = useList("GET /products");
  const accounts = useAnswer("GET /accounts", { query: { limit: 1_000 } });
  const titles = new Map((accounts.data?.items ?? []).map(({ id, title }) => [id, title]));
  const nameOf = (customer: string): string => titles.get(customer) ?? customer;
  const usage = useAnswer(
    "GET /usage",
    {
      query: {
        groupBy: ["product", "customer", "dimension", grain] as never,
        measure,
        from,
        to,
        ...(product === "" ? {} : { productCode: product }),
      },
    },
    { keep: true },
  );
  const map = useMemo(
    () => (usage.data === undefined ? undefined : mapOf(usage.data, { from, to, grain, measure })),
    [usage.data, from, to, grain, measure],
  );
  const set = (changes: Readonly<Partial<Record<Name, string>>>): void =>
    void navigate({
      search: (before) => ({
        ...before,
        ...Object.fromEntries(Object.entries(changes).map(([name, text]) => [name, text === "" ? undefined : text])),
      }),
      replace: true,
    });
  const open = (row: string, at: string): void => set({ row, at });
  const chosen = map?.rows.find(({ key }) => key === search.row);
  return (
    <Page
      title="Usage map"
      about="What each customer used of each dimension. A ring is an hour or a day that a customer skipped between two it used."
    >
      <search className="filters months">
        <MonthField month={month} onChange={(text) => set({ month: text, row: "", at: "" })} />
        <Field
          label="Columns"
          isFilter
          value={grain}
          options={[
            ["day", "Days"],
            ["hour", "Hours"],
          ]}
          onChange={(text) => set({ grain: text, row: "", at: "" })}
        />
        <Field
          label="Colour by"
          isFilter
          value={measure}
          options={[
            ["units", "Units, in each row"],
            ["money", "Money, in all rows"],
          ]}
          onChange={(text) => set({ measure: text })}
        />
        <Field
          label="Product"
          isFilter
          value={product}
          options={[
            ["", "All"],
            ...(products.items ?? []).map(({ productCode, title }) => [productCode, title] as const),
          ]}
          onChange={(text) => set({ product: text, row: "", at: "" })}
        />
        <Field
          label="Shown as"
          isFilter
          value={search.view === "table" ? "table" : "map"}
          options={[
            ["map", "Map"],
            ["table", "Table"],
          ]}
          onChange={(text) => set({ view: text === "table" ? text : "" })}
        />
      </search>
      {usage.error === null ? null : <Problem error={usage.error} />}
      {map === undefined ? (
        usage.error === null ? (
          <Loading />
        ) : null
      ) : map.rows.length === 0 ? (
        <Empty
          title={`Nothing was used in ${month}`}
          command={`npm run countinghouse -- usage --group-by customer,dimension,day --from ${from} --to ${to}`}
        >
          What is accepted is here at once. The service clock says which month is now.
        </Empty>
      ) : search.view === "table" ? (
        <MapTable map={map} />
      ) : (
        <HeatMap
          map={map}
          nameOf={nameOf}
          chosen={search.row === undefined || search.at === undefined ? undefined : { row: search.row, at: search.at }}
          onOpen={open}
        />
      )}
      {chosen === undefined || search.at === undefined ? null : (
        <CellRecords row={chosen} at={search.at} grain={grain} onClose={() => set({ row: "", at: "" })} />
      )}
    </Page>
  );
}
