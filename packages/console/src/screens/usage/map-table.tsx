/** The map as a table: the same cells, as numbers. */
import { useEffect, useState, type ReactNode } from "react";
import { Table } from "../../parts/table.tsx";
import { decimals } from "../wording.tsx";
import { columnName, markText, type UsageMapData } from "./map-of.ts";

/** More rows than this are for the CSV and the command line. */
const ROWS_MAX = 1_000;

interface MapTableProps {
  readonly map: UsageMapData;
  /** What customers are called, where that is known. */
  readonly nameOf: (customer: string) => string;
  /** Told which columns are wanted. */
  readonly onView: (first: number, last: number) => void;
}

const DAYS_AT_ONCE = 8;

export function MapTable({ map, nameOf, onView }: MapTableProps): ReactNode {
  const [days, setDays] = useState(DAYS_AT_ONCE);
  const last = Math.min(map.columns.length, map.grain === "hour" ? days * 24 : map.columns.length) - 1;
  useEffect(() => onView(0, last), [last, onView]);
  const cells = map.rows.flatMap((row) =>
    [...new Set([...row.cells.keys(), ...row.marks.keys()])]
      .map((column) => ({
        row,
        at: map.columns[column] ?? "",
        cell: row.cells.get(column),
        mark: row.marks.get(column),
      }))
      .toSorted((a, b) => (a.at < b.at ? -1 : 1)),
  );
  return (
    <>
      <Table
        label="Usage"
        rows={cells.slice(0, ROWS_MAX)}
        keyOf={({ row, at }) => `${row.key} ${at}`}
        columns={[
          { name: "Customer", cell: ({ row: { customer } }) => <Named name={nameOf(customer)} id={customer} /> },
          { name: "Dimension", cell: ({ row }) => <code>{row.dimension}</code> },
          { name: map.grain === "hour" ? "Hour (UTC)" : "Day (UTC)", cell: ({ at }) => columnName(at) },
          {
            name: map.measure === "money" ? "US dollars" : "Units",
            kind: "number",
            cell: ({ cell }) => (cell === undefined ? "–" : decimals(cell.text)),
          },
          {
            name: "Marks",
            cell: ({ mark }) => (mark === undefined ? <span className="quiet">–</span> : markText(mark)),
          },
        ]}
      />
      {last >= map.columns.length - 1 ? null : (
        <p className="list-foot">
          <button type="button" className="button" onClick={() => setDays((before) => before + DAYS_AT_ONCE)}>
            Later days
          </button>
        </p>
      )}
      {cells.length > ROWS_MAX ? (
        <p className="quiet">
          The first {ROWS_MAX} of {cells.length} cells. The command `usage` lists them all.
        </p>
      ) : null}
    </>
  );
}

function Named({ name, id }: { readonly name: string; readonly id: string }): ReactNode {
  return name === id ? (
    <code>{id}</code>
  ) : (
    <>
      {name} <code className="quiet">{id}</code>
    </>
  );
}
