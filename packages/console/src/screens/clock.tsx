/** The service clock of a lab: where it stands, and moving it forward, with what became due by the step. */
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import { api, useAnswer, useList } from "../api/calls.ts";
import { useChange } from "../api/change.ts";
import { Field } from "../parts/fields.tsx";
import { Card, Command, Empty, Loading, Page, Problem } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { Time, lengthOf, useServiceNow, utc } from "../parts/time.tsx";
import { AgreementState } from "./wording.tsx";
import { countsText } from "./activity/call.ts";

const HOUR_MS = 3_600_000;
const WINDOW_HOURS = { classic: 6, current: 24 } as const;

export function Clock(): ReactNode {
  const server = useAnswer("GET /server", undefined);
  if (server.data === undefined)
    return <Page title="Clock">{server.error === null ? <Loading /> : <Problem error={server.error} />}</Page>;
  const { clock, ruleSet } = server.data;
  return (
    <Page
      title="Clock"
      about="The service clock decides acceptance windows, agreements, tokens and prices. It moves forward only."
    >
      <p className="big-time">
        <Time at={clock.now} />
      </p>
      <p className="quiet">
        {clock.mode === "system"
          ? "It is the machine’s own clock."
          : clock.mode === "manual"
            ? "It stands until it is moved."
            : "It ticks from where it was set."}
      </p>
      {clock.mode === "system" ? (
        <Empty
          title="The machine’s clock cannot be moved"
          command="npm start -- --clock manual:2026-07-01T06:00:00Z --store sqlite:./lab"
        >
          A lab’s can. Start one with a clock of its own, in a folder of its own:
        </Empty>
      ) : (
        <Move ruleSet={ruleSet} />
      )}
    </Page>
  );
}

interface Step {
  readonly label: string;
  readonly toMs: number;
}

/** Where it is of use to go: edges at which something changes. */
function useSteps(nowMs: number, ruleSet: keyof typeof WINDOW_HOURS): readonly Step[] {
  const agreements = useList("GET /agreements");
  const nextHourMs = (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS;
  const now = new Date(nowMs);
  const monthEndMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  const finals = (agreements.items ?? [])
    .flatMap(({ agreementId, cancelledAt }) =>
      cancelledAt === undefined ? [] : [{ agreementId, endMs: Date.parse(cancelledAt) + HOUR_MS }],
    )
    .filter(({ endMs }) => endMs > nowMs)
    .toSorted((a, b) => a.endMs - b.endMs);
  const [final] = finals;
  return [
    { label: "+ 1 minute", toMs: nowMs + 60_000 },
    { label: "+ 1 hour", toMs: nowMs + HOUR_MS },
    { label: "+ 1 day", toMs: nowMs + 24 * HOUR_MS },
    { label: "To the next hour", toMs: nextHourMs },
    { label: `Past the window (${WINDOW_HOURS[ruleSet]} h)`, toMs: nowMs + WINDOW_HOURS[ruleSet] * HOUR_MS + 1_000 },
    { label: "To the month’s end", toMs: monthEndMs },
    ...(final === undefined
      ? []
      : [{ label: `To the end of ${final.agreementId}’s final hour`, toMs: final.endMs + 1_000 }]),
  ];
}

function Move({ ruleSet }: { readonly ruleSet: keyof typeof WINDOW_HOURS }): ReactNode {
  const nowMs = useServiceNow();
  const steps = useSteps(nowMs, ruleSet);
  const [hours, setHours] = useState(0);
  const [to, setTo] = useState("");
  const [moved, setMoved] = useState<{ readonly from: string; readonly to: string }>();
  const move = useChange(
    (
      client,
      {
        body,
      }: { readonly body: { readonly now: string } | { readonly advanceSeconds: number }; readonly from: string },
    ) => client.call("PUT /clock", { body }),
    ({ now }, { from }) => {
      setMoved({ from, to: now });
      setHours(0);
      setTo("");
    },
  );
  const go = (body: { readonly now: string } | { readonly advanceSeconds: number }): void =>
    move.mutate({ body, from: new Date(nowMs).toISOString() });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    go({ now: to.trim() });
  };
  return (
    <>
      <Card title="Move it forward">
        <div className="actions">
          {steps.map(({ label, toMs }) => (
            <button
              key={label}
              type="button"
              className="button"
              disabled={move.isPending}
              onClick={() => go({ now: new Date(toMs).toISOString() })}
              title={`${utc(toMs)} UTC`}
            >
              {label}
            </button>
          ))}
        </div>
        <div className="slide">
          <label htmlFor="hours">By hours, up to a week</label>
          <input
            id="hours"
            type="range"
            min={0}
            max={168}
            step={1}
            value={hours}
            onChange={({ target }) => setHours(Number(target.value))}
          />
          <span className="actions">
            <span>
              {hours === 0 ? "not at all" : `${lengthOf(hours * HOUR_MS)}, to ${utc(nowMs + hours * HOUR_MS)} UTC`}
            </span>
            <button
              type="button"
              className="button"
              disabled={hours === 0 || move.isPending}
              onClick={() => go({ advanceSeconds: hours * 3_600 })}
            >
              Move
            </button>
          </span>
        </div>
        <form className="inline-form" onSubmit={submit}>
          <Field label="To a moment" value={to} onChange={setTo} placeholder="2026-08-01T00:00:00Z" required />
          <button type="submit" className="button" disabled={move.isPending}>
            Move
          </button>
        </form>
      </Card>
      {move.isPending ? <p role="status">What is due by then is being done …</p> : null}
      {move.error === null ? null : <Problem error={move.error} />}
      {moved === undefined ? (
        <Card title="By command">
          <Command text="npm run countinghouse -- clock advance 1h" />
        </Card>
      ) : (
        <Effects from={moved.from} to={moved.to} />
      )}
    </>
  );
}

/** What the step brought about: what the control plane wrote, and which agreements are now over. */
function Effects({ from, to }: { readonly from: string; readonly to: string }): ReactNode {
  const events = useQuery({
    queryKey: ["effects", from, to],
    queryFn: ({ signal }) => api().call("GET /requests", { query: { from, limit: 100, order: "oldest" }, signal }),
  });
  const agreements = useList("GET /agreements");
  const between = (at: string | undefined): boolean => at !== undefined && at > from && at <= to;
  const ended = (agreements.items ?? []).filter(({ endsAt, startsAt }) => between(endsAt) || between(startsAt));
  const items = events.data?.items ?? [];
  return (
    <Card title="What became due">
      <p className="done" role="status">
        Moved by {lengthOf(Date.parse(to) - Date.parse(from))}, to {utc(Date.parse(to))} UTC.
      </p>
      {ended.map(({ agreementId, status }) => (
        <p key={agreementId}>
          <Link to="/agreements/$id" params={{ id: agreementId }}>
            {agreementId}
          </Link>{" "}
          is now <AgreementState status={status} />
        </p>
      ))}
      {events.error === null ? null : <Problem error={events.error} />}
      {items.length === 0 ? (
        <p className="quiet">Nothing was written by it.</p>
      ) : (
        <Table
          label="What became due"
          rows={items}
          keyOf={({ requestId }) => requestId}
          columns={[
            { name: "When", cell: ({ at }) => <Time at={at} /> },
            {
              name: "What",
              cell: ({ requestId, operation = "–" }) => (
                <Link to="/requests/$id" params={{ id: requestId }}>
                  {operation}
                </Link>
              ),
            },
            { name: "Records", cell: ({ records }) => countsText(records) ?? "–" },
          ]}
        />
      )}
    </Card>
  );
}
