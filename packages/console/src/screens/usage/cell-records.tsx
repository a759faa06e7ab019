/** The metering records behind one cell of the map. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useList } from "../../api/calls.ts";
import { Card, Empty } from "../../parts/parts.tsx";
import { ListTable } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { whole } from "../wording.tsx";
import { columnName, type Grain, type MapRow } from "./map-of.ts";

interface CellRecordsProps {
  readonly row: MapRow;
  readonly at: string;
  readonly grain: Grain;
  readonly onClose: () => void;
}

export function CellRecords({ row, at, grain, onClose }: CellRecordsProps): ReactNode {
  const fromMs = Date.parse(at);
  const isAccount = /^\d{12}$/.test(row.customer);
  const list = useList("GET /metering-records", {
    productCode: row.product,
    dimension: row.dimension,
    ...(isAccount ? { customerAccountId: row.customer } : {}),
    from: new Date(fromMs).toISOString(),
    to: new Date(fromMs + (grain === "hour" ? 1 : 24) * 3_600_000).toISOString(),
  });
  return (
    <Card
      title={`${row.customer}, ${row.dimension}, ${columnName(at)}`}
      actions={
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      }
    >
      <ListTable
        label="Metering records"
        list={list}
        filter={({ customerIdentifier }) => isAccount || customerIdentifier === row.customer}
        keyOf={({ meteringRecordId }) => meteringRecordId}
        columns={[
          {
            name: "Record",
            cell: ({ meteringRecordId, requestId }) => (
              <Link to="/requests/$id" params={{ id: requestId }} className="row-link">
                {meteringRecordId}
              </Link>
            ),
          },
          { name: "Hour", cell: ({ hour }) => <Time at={hour} /> },
          { name: "Used at", kind: "wide-only", cell: ({ timestamp }) => <Time at={timestamp} /> },
          { name: "Recorded", kind: "wide-only", cell: ({ recordedAt }) => <Time at={recordedAt} /> },
          {
            name: "Quantity",
            kind: "number",
            cell: ({ quantity, accrued }) => (accrued === true ? `${whole(quantity)} s` : whole(quantity)),
          },
        ]}
        empty={
          <Empty title="There are no records here">
            Nothing was used, or it was used under another name of the customer.
          </Empty>
        }
        noMatch={<Empty title="There are no records here" />}
      />
    </Card>
  );
}
