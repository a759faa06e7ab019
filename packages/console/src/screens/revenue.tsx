/** What a month comes to: an estimate by day, product, customer and dimension, against the month before. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AnswerTo } from "countinghouse/operator";
import { useAnswer } from "../api/calls.ts";
import { Card, Empty, Loading, Page, Problem } from "../parts/parts.tsx";
import { MonthField, isMonth, monthBefore, monthSpan, useThisMonth } from "../parts/month.tsx";
import { Plot } from "../parts/plot.tsx";
import { Table } from "../parts/table.tsx";
import { CsvButton } from "./reports/csv-button.tsx";
import { dollars, numberOf } from "./wording.tsx";

const route = getRouteApi("/revenue");

type Report = AnswerTo<"GET /reports/{name}">;
type UsageCell = AnswerTo<"GET /usage">["items"][number];

export function Revenue(): ReactNode {
  const thisMonth = useThisMonth();
  const { month: given = "" } = route.useSearch();
  const month = isMonth(given) ? given : thisMonth;
  const navigate = useNavigate({ from: "/revenue" });
  const report = useAnswer(
    "GET /reports/{name}",
    { params: { name: "revenue-by-day" }, query: { month } },
    { keep: true },
  );
  const before = useAnswer(
    "GET /reports/{name}",
    { params: { name: "revenue-by-day" }, query: { month: monthBefore(month) } },
    { keep: true },
  );
  return (
    <Page
      title="Revenue"
      about="An estimate of what accepted usage is worth, at the price of its hour. AWS’s invoice is what counts."
      actions={<CsvButton name="revenue-by-day" month={month} />}
    >
      <search className="filters months">
        <MonthField month={month} onChange={(text) => void navigate({ search: { month: text }, replace: true })} />
      </search>
      {report.error === null ? null : <Problem error={report.error} />}
      {report.data === undefined ? (
        report.error === null ? (
          <Loading />
        ) : null
      ) : (
        <Shown report={report.data} before={before.data} />
      )}
    </Page>
  );
}

const PARTS = ["finalRevenue", "adjustedRevenue", "provisionalRevenue", "estimatedRevenue"] as const;
type Part = (typeof PARTS)[number];

function sums(rows: Report["rows"], part: Part): number {
  return rows.reduce((sum, row) => sum + numberOf(row[part]), 0);
}

function Shown({ report, before }: { readonly report: Report; readonly before: Report | undefined }): ReactNode {
  const { rows, month } = report;
  const { days } = monthSpan(month);
  const xs = Array.from({ length: days }, (_, i) => i + 1);
  const byDay = (of: Report["rows"], in_: string, part: Part): number[] =>
    xs.map((day) =>
      sums(
        of.filter((row) => row["day"] === `${in_}-${String(day).padStart(2, "0")}`),
        part,
      ),
    );
  const last = before === undefined ? undefined : sums(before.rows, "estimatedRevenue");
  if (rows.length === 0 && (last ?? 0) === 0) {
    return (
      <Empty
        title={`Nothing was used in ${month}`}
        command="npm run countinghouse -- report revenue-by-day --month YYYY-MM"
      >
        Usage that is accepted is worth what its dimension cost in its hour.
      </Empty>
    );
  }
  return (
    <>
      <dl className="figures">
        <Figure name="Estimated" value={dollars(sums(rows, "estimatedRevenue"))} isMain />
        <Figure name="Final" value={dollars(sums(rows, "finalRevenue"))} />
        <Figure name="Adjustments" value={dollars(sums(rows, "adjustedRevenue"))} />
        <Figure name="Provisional" value={dollars(sums(rows, "provisionalRevenue"))} />
        <Figure name="The month before" value={last === undefined ? "–" : dollars(last)} />
      </dl>
      <Plot
        label={`Revenue of each day of ${month}, with the month before; the table below has the same`}
        xs={xs}
        unit="$"
        series={[
          {
            label: "Provisional",
            kind: "bars",
            colour: "--series-2",
            values: byDay(rows, month, "provisionalRevenue"),
          },
          { label: "Adjustments", kind: "bars", colour: "--series-3", values: byDay(rows, month, "adjustedRevenue") },
          { label: "Final", kind: "bars", colour: "--series-1", values: byDay(rows, month, "finalRevenue") },
          ...(before === undefined
            ? []
            : [
                {
                  label: "The month before",
                  kind: "line" as const,
                  colour: "--quiet" as const,
                  values: byDay(before.rows, before.month, "estimatedRevenue"),
                },
              ]),
        ]}
      />
      <div className="columns spaced">
        <Parts month={month} by="product" title="By product" />
        <Parts month={month} by="customer" title="By customer" />
        <Parts month={month} by="dimension" title="By dimension" />
      </div>
      <Card title="By day">
        <Table
          label="Revenue by day"
          rows={rows}
          keyOf={(row) => `${row["day"] ?? ""} ${row["productCode"] ?? ""}`}
          columns={[
            { name: "Day", cell: (row) => row["day"] },
            { name: "Product", cell: (row) => row["productTitle"] ?? row["productCode"] },
            { name: "Final", kind: "number", cell: (row) => dollars(numberOf(row["finalRevenue"])) },
            { name: "Adjustments", kind: "number", cell: (row) => dollars(numberOf(row["adjustedRevenue"])) },
            { name: "Provisional", kind: "number", cell: (row) => dollars(numberOf(row["provisionalRevenue"])) },
            { name: "Estimated", kind: "number", cell: (row) => dollars(numberOf(row["estimatedRevenue"])) },
          ]}
        />
      </Card>
    </>
  );
}

function Figure({
  name,
  value,
  isMain,
}: {
  readonly name: string;
  readonly value: string;
  readonly isMain?: true;
}): ReactNode {
  return (
    <div className={isMain === true ? "figure main-figure" : "figure"}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface PartsProps {
  readonly month: string;
  readonly by: "product" | "customer" | "dimension";
  readonly title: string;
}

function Parts({ month, by, title }: PartsProps): ReactNode {
  const { from, to } = monthSpan(month);
  const usage = useAnswer(
    "GET /usage",
    { query: { groupBy: [by] as never, measure: "money", from, to } },
    { keep: true },
  );
  const products = useAnswer("GET /products", { query: { limit: 1_000 } }, { enabled: by === "product" });
  const accounts = useAnswer("GET /accounts", { query: { limit: 1_000 } }, { enabled: by === "customer" });
  const titles = new Map([
    ...(products.data?.items ?? []).map(({ productCode, title: name }) => [productCode, name] as const),
    ...(accounts.data?.items ?? []).map(({ id, title: name }) => [id, name] as const),
  ]);
  const rows = (usage.data?.items ?? []).toSorted((a, b) => numberOf(b.money) - numberOf(a.money));
  const whole = rows.reduce((sum, { money }) => sum + numberOf(money), 0);
  return (
    <Card title={title}>
      {usage.error === null ? null : <Problem error={usage.error} />}
      <Table<UsageCell>
        label={title}
        rows={rows}
        keyOf={(row) => row[by] ?? ""}
        columns={[
          {
            name: by === "product" ? "Product" : by === "customer" ? "Customer" : "Dimension",
            cell: (row) => titles.get(row[by] ?? "") ?? <code>{row[by]}</code>,
          },
          {
            name: "Share",
            kind: "number",
            cell: ({ money }) => (whole === 0 ? "–" : `${((numberOf(money) / whole) * 100).toFixed(1)} %`),
          },
          { name: "Worth", kind: "number", cell: ({ money }) => dollars(numberOf(money)) },
        ]}
      />
    </Card>
  );
}
