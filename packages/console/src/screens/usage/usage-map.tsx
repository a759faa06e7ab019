/** What each customer used of each dimension, hour by hour or day by day, as colours; a cell opens its records. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { AnswerTo } from "countinghouse/operator";
import { useCallback, useMemo, useState, type ReactNode } from "react";
import { useAnswer, useList } from "../../api/calls.ts";
import { Field } from "../../parts/fields.tsx";
import { Empty, Loading, Page, Problem } from "../../parts/parts.tsx";
import { MonthField, isMonth, monthSpan, useThisMonth } from "../../parts/month.tsx";
import { useAnswers } from "./answers.ts";
import { CellRecords } from "./cell-records.tsx";
import { HeatMap } from "./heat-map.tsx";
import { columnName, mapOf, type Grain, type Measure } from "./map-of.ts";
import { MapTable } from "./map-table.tsx";

const route = getRouteApi("/usage");

/** Hours are asked for a few days at a time, as they come into view: a month of a hundred customers is more than one answer may hold. */
const WINDOW_DAYS = 4;
const WINDOW_HOURS = WINDOW_DAYS * 24;
const HOUR_MS = 3_600_000;

interface Seen {
  readonly month: string;
  readonly windows: ReadonlySet<number>;
}

// As the route reads it, though it is typed by what comes out of its schema.
const groupsOf = (grain: Grain): readonly ["product", "customer", "dimension", Grain] => [
  "product",
  "customer",
  "dimension",
  grain,
];

/** Where the month’s use begins: nobody wants to look at the hours before it first. */
function startOf(usage: AnswerTo<"GET /usage"> | undefined, from: string, grain: Grain): number {
  const [first] = (usage?.items ?? []).map(({ day = from }) => day).toSorted();
  const day = first === undefined ? 0 : Math.floor((Date.parse(first) - Date.parse(from)) / (24 * HOUR_MS));
  return grain === "hour" ? day * 24 : 0;
}

function windowsOf(first: number, last: number): readonly number[] {
  const from = Math.floor(first / WINDOW_HOURS);
  return Array.from({ length: Math.floor(last / WINDOW_HOURS) - from + 1 }, (_, i) => from + i);
}

function windowSpan(from: string, to: string, window: number): { readonly from: string; readonly to: string } {
  const startMs = Date.parse(from) + window * WINDOW_HOURS * HOUR_MS;
  const endMs = Math.min(Date.parse(to), startMs + WINDOW_HOURS * HOUR_MS);
  return { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() };
}

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
  const filter = { measure, ...(product === "" ? {} : { productCode: product }) };
  const days = useAnswer("GET /usage", { query: { ...filter, groupBy: groupsOf("day"), from, to } }, { keep: true });
  const [seen, setSeen] = useState<Seen>({ month, windows: new Set() });
  const windows = grain === "hour" && seen.month === month ? [...seen.windows] : [];
  const hours = useAnswers(
    "GET /usage",
    windows.map((window) => ({ query: { ...filter, groupBy: groupsOf("hour"), ...windowSpan(from, to, window) } })),
  );
  const marked = product === "" ? {} : { productCode: product };
  const dayMarks = useAnswer("GET /usage/marks", { query: { ...marked, from, to } }, { keep: true });
  const hourMarks = useAnswers(
    "GET /usage/marks",
    windows.map((window) => ({ query: { ...marked, grain: "hour" as const, ...windowSpan(from, to, window) } })),
  );
  const answered = [...hours, ...hourMarks].map(({ dataUpdatedAt }) => dataUpdatedAt).join();
  const map = useMemo(() => {
    if (days.data === undefined) return undefined;
    const outline = mapOf(days.data, { from, to, grain: "day", measure }, { marks: dayMarks.data?.items ?? [] });
    if (grain === "day") return outline;
    const items = hours.flatMap(({ data }) => data?.items ?? []);
    const marks = hourMarks.flatMap(({ data }) => data?.items ?? []);
    return mapOf({ ...days.data, items }, { from, to, grain, measure }, { marks, outline: outline.rows });
    // oxlint-disable-next-line react/exhaustive-deps -- `answered` says when the answers were got, which are other objects each time
  }, [days.data, dayMarks.data, answered, from, to, grain, measure]);
  const completeFrom = [dayMarks, ...hourMarks]
    .flatMap(({ data }) => data?.completeFrom ?? [])
    .toSorted()
    .at(-1);
  const onView = useCallback(
    (first: number, last: number): void => {
      const wanted = windowsOf(first, last);
      setSeen((before) => {
        const known = before.month === month ? before.windows : new Set<number>();
        return wanted.every((window) => known.has(window))
          ? before
          : { month, windows: new Set([...known, ...wanted]) };
      });
    },
    [month],
  );
  const problem = [days, dayMarks, ...hours, ...hourMarks].find(({ error }) => error !== null)?.error ?? null;
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
            ["units", "Units, by row"],
            ["money", "Money, overall"],
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
      {problem === null ? null : <Problem error={problem} />}
      {completeFrom === undefined ? null : (
        <p className="note">
          There were too many calls: of those before {columnName(completeFrom)} UTC, refusals and duplicates are not
          marked.
        </p>
      )}
      {map === undefined ? (
        problem === null ? (
          <Loading />
        ) : null
      ) : map.rows.length === 0 ? (
        <Empty
          title={`Nothing was used in ${month}`}
          command={`npm run countinghouse -- usage --by customer,dimension,day --from ${from} --until ${to}`}
        >
          What is accepted is here at once. The service clock says which month is now.
        </Empty>
      ) : search.view === "table" ? (
        <MapTable key={`${month} ${grain}`} map={map} nameOf={nameOf} onView={onView} />
      ) : (
        <HeatMap
          key={`${month} ${grain}`}
          map={map}
          start={startOf(days.data, from, grain)}
          onView={onView}
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
