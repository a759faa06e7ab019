/** Live calls of all operations: who asked what, what came of it, and where it was refused, why, in one sentence. */
import { Link, getRouteApi, useNavigate } from "@tanstack/react-router";
import { Suspense, lazy, memo, useEffect, useMemo, useState, type ReactNode } from "react";
import { useAnswer, useList } from "../../api/calls.ts";
import { useFeed, type FeedEvent, type FeedState } from "../../api/feed.ts";
import { Filters } from "../../parts/filters.tsx";
import { Empty, Loading, Page, Problem, State, type Tone } from "../../parts/parts.tsx";
import { Time } from "../../parts/time.tsx";
import { useServer } from "../../shell/server.ts";
import {
  OUTCOME_TONES,
  callOfItem,
  callOfSummary,
  countsText,
  merged,
  outcomeWord,
  sentenceOf,
  type Call,
} from "./call.ts";
import { adviceByCall, adviceTexts, useAdvice } from "./advice.ts";

// Who has called does not need it.
const FirstCall = lazy(async () => ({ default: (await import("./first-call.tsx")).FirstCall }));

const route = getRouteApi("/activity");

// Nobody has chosen a request when the first view is drawn.
const RequestView = lazy(async () => ({ default: (await import("../request/request-view.tsx")).RequestView }));

/** Calls that are held; older ones are found by the filters of the audit. */
const CALLS_MAX = 2_000;
const SHOWN_AT_FIRST = 100;
const MEMORY_MS = 2_000;

type Chosen = Readonly<Partial<Record<"operation" | "outcome" | "accessKeyId" | "productCode", string | undefined>>>;

export function Activity(): ReactNode {
  const { request, ...filters } = route.useSearch();
  const navigate = useNavigate({ from: "/activity" });
  const close = (): void => void navigate({ search: (before) => ({ ...before, request: undefined }) });
  useEffect(() => {
    if (request === undefined) return undefined;
    const onKey = ({ key }: KeyboardEvent): void => {
      if (key === "Escape" && document.querySelector("dialog[open]") === null) close();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  return (
    <div className={request === undefined ? "" : "split"}>
      <div className="split-list">
        <Feed key={JSON.stringify(filters)} filters={filters} chosen={request} />
      </div>
      {request === undefined ? null : (
        <aside className="pane" aria-label="The request">
          <Suspense fallback={<Loading />}>
            <RequestView
              id={request}
              actions={
                <button type="button" className="button" onClick={close}>
                  Close <kbd>Esc</kbd>
                </button>
              }
            />
          </Suspense>
        </aside>
      )}
    </div>
  );
}

function Feed({ filters, chosen }: { readonly filters: Chosen; readonly chosen: string | undefined }): ReactNode {
  const { isLab, isAway } = useServer();
  const [isPaused, setIsPaused] = useState(false);
  const [live, setLive] = useState<readonly Call[]>([]);
  const [gap, setGap] = useState(false);
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const kept = useList("GET /requests", { ...filters, limit: 100 }, { every: isPaused ? 0 : 30_000, fill: 50 });
  // Those that were refused before they were believed are not kept, and no event tells of them.
  const memory = useAnswer(
    "GET /requests",
    { query: { ...filters, source: "memory", limit: 100 } as never },
    { enabled: isLab && !isPaused, ...(isPaused ? {} : { every: MEMORY_MS }) },
  );
  const onEvents = (events: readonly FeedEvent[]): void => {
    const items = events.flatMap((event) => (event.kind === "message" ? [callOfItem(event.data)] : []));
    if (events.some(({ kind }) => kind === "gap")) setGap(true);
    setLive((before) => merged(before, items, CALLS_MAX));
  };
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  const state = useFeed({ query: filters as never, isOn: !isPaused && !isAway, onEvents });
  const calls = useMemo(() => {
    const unkept = (memory.data?.items ?? []).filter((summary) => !summary.kept);
    return merged([...(kept.items ?? []), ...unkept].map(callOfSummary), live, CALLS_MAX);
  }, [kept.items, memory.data, live]);
  const advice = useAdvice(filters.productCode, !isPaused);
  const advised = useMemo(() => adviceTexts(calls.slice(0, shown), adviceByCall(advice)), [calls, shown, advice]);
  const [tone, word] = isPaused ? (["plain", "Paused"] as const) : STATE_WORDS[state];
  const isUnused = !isFiltered && !calls.some(({ who }) => who !== "operator");
  return (
    <Page
      title="Activity"
      about="Every call and change, as it happens."
      actions={
        <>
          <State tone={tone}>{word}</State>
          <button
            type="button"
            className="button"
            aria-pressed={isPaused}
            onClick={() => setIsPaused((before) => !before)}
          >
            {isPaused ? "Go on" : "Pause"}
          </button>
        </>
      }
    >
      {isUnused && kept.items !== undefined ? (
        <Suspense fallback={<Loading />}>
          <FirstCall />
        </Suspense>
      ) : (
        <FilterBar filters={filters} />
      )}
      {gap ? (
        <p className="note">More happened than could be shown; some calls were left out. The audit has them all.</p>
      ) : null}
      {kept.error === null ? null : <Problem error={kept.error} />}
      {calls.length > 0 ? (
        <Calls calls={calls.slice(0, shown)} advised={advised} chosen={chosen} />
      ) : kept.items === undefined ? (
        kept.error === null ? (
          <Loading />
        ) : null
      ) : !isFiltered ? null : (
        <Empty title="No call matches">What comes from now on and does is shown here.</Empty>
      )}
      <News calls={live} isPaused={isPaused} />
      {calls.length <= shown ? null : (
        <p className="list-foot">
          <button type="button" className="button" onClick={() => setShown((before) => before + SHOWN_AT_FIRST)}>
            Show older
          </button>
        </p>
      )}
    </Page>
  );
}

const STATE_WORDS: Readonly<Record<FeedState, readonly [Tone, string]>> = {
  connecting: ["plain", "Connecting"],
  live: ["ok", "Live"],
  lost: ["bad", "Connecting again"],
};

const OPERATIONS = [
  "BatchMeterUsage",
  "MeterUsage",
  "ResolveCustomer",
  "RegisterUsage",
  "GetEntitlements",
  "LookupEvents",
];

function FilterBar({ filters }: { readonly filters: Chosen }): ReactNode {
  const accounts = useAnswer("GET /accounts", { query: { limit: 200 } });
  const products = useAnswer("GET /products", { query: { limit: 200 } });
  const keys = (accounts.data?.items ?? []).flatMap(({ users }) => users.flatMap(({ accessKeyIds }) => accessKeyIds));
  return (
    <Filters
      isDense
      values={filters}
      filters={[
        { name: "operation", label: "Operation", suggestions: OPERATIONS },
        {
          name: "outcome",
          label: "Outcome",
          options: [
            ["", "Any"],
            ["ok", "Accepted"],
            ["partly", "Partly"],
            ["refused", "Refused"],
          ],
        },
        { name: "accessKeyId", label: "Only this access key", suggestions: keys },
        {
          name: "productCode",
          label: "Product code",
          suggestions: (products.data?.items ?? []).map(({ productCode }) => productCode),
        },
      ]}
    />
  );
}

interface CallsProps {
  readonly calls: readonly Call[];
  /** What advice says, by the ids of requests. */
  readonly advised: ReadonlyMap<string, string>;
  readonly chosen: string | undefined;
}

function Calls({ calls, advised, chosen }: CallsProps): ReactNode {
  return (
    <div className="table" role="region" aria-label="Calls" tabIndex={0}>
      <table className="calls" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              Time
            </th>
            <th role="columnheader" scope="col">
              Call
            </th>
            <th role="columnheader" scope="col">
              What came of it
            </th>
            <th role="columnheader" scope="col" className="wide-only">
              Product
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {calls.map((call) => (
            <Row
              key={call.requestId}
              call={call}
              advice={advised.get(call.requestId)}
              isChosen={call.requestId === chosen}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly call: Call;
  readonly advice: string | undefined;
  readonly isChosen: boolean;
}

const Row = memo(
  ({ call, advice, isChosen }: RowProps): ReactNode => {
    const counts = countsText(call.records);
    return (
      <tr role="row" data-row className={isChosen ? "chosen" : undefined}>
        <td role="cell">
          <Time at={call.at} short />
        </td>
        <td role="cell">
          <Link
            to="/activity"
            search={(before) => ({ ...before, request: call.requestId })}
            className="row-link"
            {...(isChosen ? { "aria-current": "true" as const } : {})}
          >
            {call.operation}
          </Link>
          <span className="under quiet">{call.who}</span>
        </td>
        <td role="cell">
          <State tone={OUTCOME_TONES[call.outcome]}>{outcomeWord(call)}</State>
          {counts === undefined ? null : <span className="quiet"> {counts}</span>}
          {call.code === undefined ? null : <span className="quiet"> {call.code}</span>}
          {call.reason === undefined ? null : <span className="under reason">{sentenceOf(call)}</span>}
          {advice === undefined ? null : (
            <span className="under reason">
              <State tone="info">Advice</State> {advice}
            </span>
          )}
        </td>
        <td role="cell" className="wide-only">
          {call.productCode === undefined ? <span className="quiet">–</span> : <code>{call.productCode}</code>}
        </td>
      </tr>
    );
  },
  (a, b) =>
    a.isChosen === b.isChosen &&
    a.advice === b.advice &&
    a.call.requestId === b.call.requestId &&
    a.call.kept === b.call.kept,
);

/** Tells a screen reader what is new, politely, and never call by call. */
function News({ calls, isPaused }: { readonly calls: readonly Call[]; readonly isPaused: boolean }): ReactNode {
  const [told, setTold] = useState({ count: 0, text: "" });
  useEffect(() => {
    const timer = setTimeout(() => {
      const fresh = calls.length - told.count;
      if (fresh <= 0) return;
      const refused = calls.slice(0, fresh).filter(({ outcome }) => outcome === "refused").length;
      const text = `${fresh === 1 ? "1 new call" : `${fresh} new calls`}${refused === 0 ? "" : `, ${refused} refused`}`;
      setTold({ count: calls.length, text });
    }, 2_000);
    return () => clearTimeout(timer);
  }, [calls, told.count]);
  return (
    <p className="visually-hidden" aria-live="polite">
      {isPaused ? "Paused" : told.text}
    </p>
  );
}
