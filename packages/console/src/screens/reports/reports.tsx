/** What is told of a month: each report as a table, with a plot where it has one, and as CSV. */
import { Link, getRouteApi, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AnswerTo } from "countinghouse/operator";
import { useAnswer } from "../../api/calls.ts";
import { Empty, Loading, Page, Problem } from "../../parts/parts.tsx";
import { MonthField, isMonth, useThisMonth } from "../../parts/month.tsx";
import { Plot } from "../../parts/plot.tsx";
import { Table } from "../../parts/table.tsx";
import { decimals, numberOf } from "../wording.tsx";
import { CsvButton } from "./csv-button.tsx";

const route = getRouteApi("/reports");

export function Reports(): ReactNode {
  const thisMonth = useThisMonth();
  const { name: chosen = "", month: given = "" } = route.useSearch();
  const month = isMonth(given) ? given : thisMonth;
  const navigate = useNavigate({ from: "/reports" });
  const names = useAnswer("GET /reports", undefined);
  const found = names.data?.items.find(({ name }) => name === chosen) ?? names.data?.items[0];
  return (
    <Page
      title="Reports"
      about={found?.summary ?? "What is told of a month."}
      actions={found === undefined ? null : <CsvButton name={found.name} month={month} />}
    >
      {names.error === null ? null : <Problem error={names.error} />}
      <nav className="tabs" aria-label="Reports">
        {(names.data?.items ?? []).map(({ name }) => (
          <Link
            key={name}
            to="/reports"
            search={(before) => ({ ...before, name })}
            {...(name === found?.name ? { "aria-current": "page" as const } : {})}
          >
            {titleOf(name)}
          </Link>
        ))}
      </nav>
      <search className="filters months">
        <MonthField
          month={month}
          onChange={(text) => void navigate({ search: (before) => ({ ...before, month: text }), replace: true })}
        />
      </search>
      {chosen !== "" && names.data !== undefined && found?.name !== chosen ? (
        <p className="note">There is no report named {chosen}.</p>
      ) : null}
      {found === undefined ? (
        names.error === null ? (
          <Loading />
        ) : null
      ) : (
        <One key={found.name} name={found.name} month={month} />
      )}
    </Page>
  );
}

export function titleOf(name: string): string {
  const text = name.replaceAll("-", " ");
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

type Rows = AnswerTo<"GET /reports/{name}">["rows"];

function One({ name, month }: { readonly name: string; readonly month: string }): ReactNode {
  const isOwn = name === "usage-by-instance-type";
  const own = useAnswer(
    "GET /reports/usage-by-instance-type",
    { query: { month, format: "json" } },
    { enabled: isOwn },
  );
  const other = useAnswer(
    "GET /reports/{name}",
    { params: { name }, query: { month, format: "json" } },
    { enabled: !isOwn },
  );
  const { data, error } = isOwn ? own : other;
  if (data === undefined) return error === null ? <Loading /> : <Problem error={error} />;
  const rows = data.rows.map(flat);
  if (rows.length === 0) {
    return (
      <Empty title={`Nothing to tell of ${month}`} command={`npm run countinghouse -- report ${name} --month ${month}`}>
        Another month may have something.
      </Empty>
    );
  }
  return (
    <>
      {data.keptSince === undefined ? null : (
        <p className="note">Of entries before {data.keptSince} nothing is known now.</p>
      )}
      <ReportPlot name={name} rows={rows} />
      <ReportTable name={name} rows={rows} />
    </>
  );
}

/** Members of members beside each other: `revenue` of `{ final, provisional }` as two columns. */
function flat(row: Readonly<Record<string, unknown>>): Rows[number] {
  const members = Object.entries(row).flatMap(([name, value]): (readonly [string, string | number])[] => {
    if (typeof value === "string" || typeof value === "number") return [[name, value]];
    if (typeof value !== "object" || value === null) return [];
    const inner = Object.entries(flat(value as Readonly<Record<string, unknown>>));
    return inner.map(([part, text]) => [`${name}${part.slice(0, 1).toUpperCase()}${part.slice(1)}`, text]);
  });
  return Object.fromEntries(members);
}

/** Reports whose rows have one number for each place on an axis. */
const PLOTS: Readonly<
  Record<string, { readonly x: string; readonly y: string; readonly label: string; readonly unit?: string }>
> = {
  "revenue-by-day": { x: "day", y: "estimatedRevenue", label: "Estimated revenue by day of the month", unit: "$" },
  lateness: { x: "ageHours", y: "records", label: "Records by their age in hours" },
};

function ReportPlot({ name, rows }: { readonly name: string; readonly rows: Rows }): ReactNode {
  const plot = PLOTS[name];
  if (plot === undefined) return null;
  const xOf = (row: Rows[number]): number =>
    plot.x === "day" ? Number(String(row["day"]).slice(8)) : Number(row[plot.x]);
  const byX = new Map<number, number>();
  for (const row of rows) byX.set(xOf(row), (byX.get(xOf(row)) ?? 0) + numberOf(row[plot.y]));
  const last = Math.max(...byX.keys());
  const first = Math.min(plot.x === "day" ? 1 : 0, ...byX.keys());
  const xs = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const values = xs.map((x) => byX.get(x) ?? 0);
  return (
    <Plot
      label={`${plot.label}; the table has the same`}
      xs={xs}
      series={[{ label: plot.label, kind: "bars", colour: "--series-1", values }]}
      {...(plot.unit === undefined ? {} : { unit: plot.unit })}
    />
  );
}

/** Columns in the order in which rows name them; a column that is empty in a row is left out there. */
function columnsOf(rows: Rows): readonly string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** Ids of accounts are texts of twelve digits. */
const isNumeric = (value: string | number | undefined): boolean =>
  value === undefined || typeof value === "number" || (/^-?\d+(\.\d+)?$/.test(value) && !/^\d{12}$/.test(value));

function ReportTable({ name, rows }: { readonly name: string; readonly rows: Rows }): ReactNode {
  const numbered = rows.map((row, i) => ({ row, key: String(i) }));
  return (
    <Table<{ readonly row: Rows[number]; readonly key: string }>
      label={titleOf(name)}
      rows={numbered}
      keyOf={({ key }) => key}
      columns={columnsOf(rows).map((column) => {
        const isNumber = rows.every((row) => isNumeric(row[column]));
        return {
          name: spoken(column),
          ...(isNumber ? { kind: "number" as const } : {}),
          cell: ({ row: { [column]: value } }) =>
            value === undefined ? <span className="quiet">–</span> : isNumber ? decimals(value) : value,
        };
      })}
    />
  );
}

/** `productTitle` as `Product title`. */
function spoken(name: string): string {
  const text = name.replaceAll(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
