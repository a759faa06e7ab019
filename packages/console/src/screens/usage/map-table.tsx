/** The map as a table: the same cells, as numbers. */
import type { ReactNode } from "react";
import { Table } from "../../parts/table.tsx";
import { columnName, type UsageMapData } from "./map-of.ts";

/** More rows than this are for the CSV and the command line. */
const ROWS_MAX = 1_000;

export function MapTable({ map }: { readonly map: UsageMapData }): ReactNode {
  const cells = map.rows.flatMap((row) =>
    [...row.cells]
      .map(([column, cell]) => ({ row, at: map.columns[column] ?? "", cell }))
      .toSorted((a, b) => (a.at < b.at ? -1 : 1)),
  );
  return (
    <>
      <Table
        label="Usage"
        rows={cells.slice(0, ROWS_MAX)}
        keyOf={({ row, at }) => `${row.key} ${at}`}
        columns={[
          { name: "Customer", cell: ({ row }) => <code>{row.customer}</code> },
          { name: "Dimension", cell: ({ row }) => <code>{row.dimension}</code> },
          { name: map.grain === "hour" ? "Hour (UTC)" : "Day (UTC)", cell: ({ at }) => columnName(at) },
          { name: map.measure === "money" ? "US dollars" : "Units", kind: "number", cell: ({ cell }) => cell.text },
        ]}
      />
      {cells.length > ROWS_MAX ? (
        <p className="quiet">
          The first {ROWS_MAX} of {cells.length} cells. The command `usage` lists them all.
        </p>
      ) : null}
    </>
  );
}
