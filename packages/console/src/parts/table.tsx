/** Tables: a row's first cell leads to what the row is about, so that a list can be walked by keyboard and by screen reader. */
import type { ReactNode } from "react";
import type { List } from "../api/calls.ts";
import { Loading, Problem } from "./parts.tsx";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand at the right; what is less needed goes first where there is little room. */
  readonly kind?: "number" | "wide-only";
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}

export function Table<Row>({ label, columns, rows, keyOf }: TableProps<Row>): ReactNode {
  return (
    <div className="table" role="region" aria-label={label} tabIndex={0}>
      {/* With roles, since a narrow screen shows rows as blocks, which makes a browser forget that this is a table. */}
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ name, kind }) => (
              <th key={name} role="columnheader" scope="col" className={kind}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row" data-row>
              {columns.map(({ name, cell, kind }) => (
                <td key={name} role="cell" className={kind} data-label={name}>
                  <div>{cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ListTableProps<Row> extends Omit<TableProps<Row>, "rows"> {
  readonly list: List<Row>;
  /** Of what has been loaded. */
  readonly filter?: (row: Row) => boolean;
  readonly empty: ReactNode;
  readonly noMatch: ReactNode;
}

/** A list in all its states: loading, failed, empty, nothing that matches, and more to come. */
export function ListTable<Row>({ list, filter, empty, noMatch, ...table }: ListTableProps<Row>): ReactNode {
  const { items, error, more, isLoadingMore } = list;
  if (items === undefined) return error === null ? <Loading /> : <Problem error={error} />;
  const rows = filter === undefined ? items : items.filter(filter);
  return (
    <>
      {error === null ? null : <Problem error={error} />}
      {rows.length > 0 ? <Table {...table} rows={rows} /> : items.length === 0 ? empty : noMatch}
      <p className={items.length === 0 ? "visually-hidden" : "list-foot quiet"} role="status">
        {rows.length === items.length ? `${rows.length} shown` : `${rows.length} of ${items.length} shown`}
        {more === undefined ? "" : ", and there are more"}
        {more === undefined ? null : (
          <button type="button" className="button" onClick={more} disabled={isLoadingMore}>
            {isLoadingMore ? "Loading …" : "Load more"}
          </button>
        )}
      </p>
    </>
  );
}
