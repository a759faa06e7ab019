/** Trouble that is asked for: presets, whatever else, how often each has hit, and one switch that ends it all. */
import { useState, type FormEvent, type ReactNode } from "react";
import type { Fault, NewFault } from "countinghouse/operator";
import { useList } from "../api/calls.ts";
import { useChange } from "../api/change.ts";
import { Field } from "../parts/fields.tsx";
import { Card, Confirm, Empty, Page, Problem, State } from "../parts/parts.tsx";
import { ListTable } from "../parts/table.tsx";
import { whole } from "./wording.tsx";

const OPERATIONS = ["BatchMeterUsage", "MeterUsage", "ResolveCustomer", "RegisterUsage", "GetEntitlements"] as const;
const KINDS = ["throttle", "internal-error", "unprocessed", "delay", "drop-answer"] as const;
const METERING = ["BatchMeterUsage", "MeterUsage"] as const;

interface Preset {
  readonly label: string;
  readonly about: string;
  readonly faults: readonly NewFault[];
}

const PRESETS: readonly Preset[] = [
  {
    label: "Throttle the next 20",
    about: "Does the program wait, and send again?",
    faults: METERING.map((operation) => ({ operation, kind: "throttle", count: 20 })),
  },
  {
    label: "Lose one answer",
    about: "The usage is metered, and nobody is told: is it counted twice?",
    faults: [{ operation: "BatchMeterUsage", kind: "drop-answer", count: 1 }],
  },
  {
    label: "Give records back",
    about: "The next batch comes back unprocessed: is it sent again?",
    faults: [{ operation: "BatchMeterUsage", kind: "unprocessed", count: 1 }],
  },
  {
    label: "5 % of everything fails",
    about: "A bad day, until it is switched off.",
    faults: OPERATIONS.map((operation) => ({ operation, kind: "internal-error", probability: 0.05 })),
  },
  {
    label: "Answer late",
    about: "Ten answers come three seconds late.",
    faults: METERING.map((operation) => ({ operation, kind: "delay", delayMs: 3_000, count: 10 })),
  },
];

export function Faults(): ReactNode {
  const list = useList("GET /faults", {}, { every: 2_000 });
  const add = useChange(async (client, faults: readonly NewFault[]) => {
    for (const body of faults) await client.call("POST /faults", { body });
  });
  const clear = useChange((client, id: string | undefined) =>
    id === undefined ? client.call("DELETE /faults") : client.call("DELETE /faults/{id}", { params: { id } }),
  );
  return (
    <Page
      title="Faults"
      about="What goes wrong on demand, to see a program cope. Nothing that is acknowledged is ever lost by one."
      actions={
        <Confirm
          label="All off"
          title="End all faults?"
          tone="danger"
          disabled={(list.items?.length ?? 0) === 0}
          onConfirm={() => clear.mutate(undefined)}
        >
          <p>From the next request on nothing goes wrong on demand.</p>
        </Confirm>
      }
    >
      <div className="presets">
        {PRESETS.map(({ label, about, faults }) => (
          <button
            key={label}
            type="button"
            className="preset"
            disabled={add.isPending}
            onClick={() => add.mutate(faults)}
          >
            <strong>{label}</strong>
            <span className="quiet">{about}</span>
          </button>
        ))}
      </div>
      {add.error === null ? null : <Problem error={add.error} />}
      {clear.error === null ? null : <Problem error={clear.error} />}
      <Card title="In force, and used up">
        <ListTable<Fault>
          label="Faults"
          list={list}
          keyOf={({ faultId }) => faultId}
          columns={[
            { name: "Operation", cell: ({ operation }) => operation },
            {
              name: "Kind",
              cell: (fault) => <State tone={fault.remaining === 0 ? "plain" : "bad"}>{kindText(fault)}</State>,
            },
            { name: "Hits", kind: "number", cell: ({ hits }) => whole(hits) },
            {
              name: "To come",
              kind: "number",
              cell: ({ remaining }) => (remaining === undefined ? "no end" : whole(remaining)),
            },
            {
              name: "Only",
              kind: "wide-only",
              cell: ({ match }) => <code>{match?.productCode ?? match?.accountId ?? "–"}</code>,
            },
            {
              name: "End it",
              cell: ({ faultId, kind, operation }) => (
                <button
                  type="button"
                  className="button"
                  aria-label={`End ${kind} of ${operation}`}
                  onClick={() => clear.mutate(faultId)}
                >
                  End
                </button>
              ),
            },
          ]}
          empty={
            <Empty
              title="Nothing goes wrong on demand"
              command="npm run countinghouse -- fault add --operation BatchMeterUsage --kind throttle --count 3"
            />
          }
          noMatch={null}
        />
      </Card>
      <Another onAdd={(fault) => add.mutate([fault])} isBusy={add.isPending} />
    </Page>
  );
}

function kindText({ kind, probability, delayMs, records }: Fault): string {
  const share = probability === undefined ? "" : `, ${(probability * 100).toFixed(0)} %`;
  const by = delayMs === undefined ? "" : `, ${delayMs} ms`;
  return `${kind}${share}${by}${records === undefined ? "" : `, ${records} records`}`;
}

const NUMBERS = ["count", "probability", "delayMs", "records"] as const;

function Another({
  onAdd,
  isBusy,
}: {
  readonly onAdd: (fault: NewFault) => void;
  readonly isBusy: boolean;
}): ReactNode {
  const [operation, setOperation] = useState<string>("BatchMeterUsage");
  const [kind, setKind] = useState<string>("throttle");
  const [numbers, setNumbers] = useState<Readonly<Partial<Record<(typeof NUMBERS)[number], string>>>>({});
  const [productCode, setProductCode] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const given = Object.entries(numbers)
      .filter(([, text]) => text !== "")
      .map(([name, text]) => [name, Number(text)]);
    const match = productCode.trim() === "" ? {} : { match: { productCode: productCode.trim() } };
    onAdd({ operation, kind, ...Object.fromEntries(given), ...match } as NewFault);
  };
  const labels = {
    count: "How many requests",
    probability: "Share of requests, 0 to 1",
    delayMs: "Delay, milliseconds",
    records: "Records given back",
  };
  return (
    <Card title="Another one">
      <form className="inline-form" onSubmit={submit}>
        <Field label="Operation" value={operation} onChange={setOperation} options={OPERATIONS} />
        <Field label="Kind" value={kind} onChange={setKind} options={KINDS} />
        {NUMBERS.filter((name) =>
          name === "delayMs" ? kind === "delay" : name !== "records" || kind === "unprocessed",
        ).map((name) => (
          <Field
            key={name}
            label={labels[name]}
            type="number"
            step="any"
            min={0}
            value={numbers[name] ?? ""}
            onChange={(text) => setNumbers((before) => ({ ...before, [name]: text }))}
            placeholder={name === "count" ? "one" : ""}
          />
        ))}
        <Field label="Only this product" value={productCode} onChange={setProductCode} placeholder="any" />
        <button type="submit" className="button" disabled={isBusy}>
          Put it in force
        </button>
      </form>
    </Card>
  );
}
