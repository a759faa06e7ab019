/**
 * The map itself: a canvas for each row, drawn when it comes into view, since a month of a hundred customers has more cells than a
 * page can hold elements. It is walked by the arrow keys; what the cursor is on is said below, and Enter opens it.
 */
import {
  useCallback,
  memo,
  useEffect,
  useId,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
} from "react";
import { usePreferences } from "../../shell/preferences.ts";
import { decimals } from "../wording.tsx";
import { ROW_PX, drawRow } from "./draw-row.ts";
import { columnName, columnText, isHole, markText, type MapRow, type UsageMapData } from "./map-of.ts";

const CELL_PX = { hour: 7, day: 28 } as const;

interface Place {
  readonly row: number;
  readonly column: number;
}

interface HeatMapProps {
  readonly map: UsageMapData;
  readonly chosen: { readonly row: string; readonly at: string } | undefined;
  /** What customers are called, where that is known. */
  readonly nameOf: (customer: string) => string;
  /** The column that is looked at first. */
  readonly start: number;
  /** Told which columns are in view. */
  readonly onView: (first: number, last: number) => void;
  readonly onOpen: (row: string, at: string) => void;
}

export function HeatMap({ map, chosen, nameOf, start, onView, onOpen }: HeatMapProps): ReactNode {
  const { rows, columns, grain } = map;
  const [cursor, setCursor] = useState<Place>({ row: 0, column: start });
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const cellPx = CELL_PX[grain];
  const tellView = useCallback((): void => {
    const element = scroller.current;
    if (element === null) return;
    const first = Math.floor(element.scrollLeft / cellPx);
    onView(first, Math.min(columns.length - 1, first + Math.ceil(element.clientWidth / cellPx)));
  }, [cellPx, columns.length, onView]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    element.scrollLeft = start * cellPx;
    const sized = new ResizeObserver(tellView);
    sized.observe(element);
    return () => sized.disconnect();
  }, [tellView, start, cellPx]);
  const moveTo = (place: Place): void => {
    const row = Math.max(0, Math.min(rows.length - 1, place.row));
    const column = Math.max(0, Math.min(columns.length - 1, place.column));
    setCursor({ row, column });
    const element = scroller.current;
    const label = element?.querySelector<HTMLElement>(".heat-name")?.offsetWidth ?? 0;
    if (element === null) return;
    const left = column * cellPx;
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (left + cellPx > element.scrollLeft + element.clientWidth - label)
      element.scrollLeft = left + cellPx + label - element.clientWidth;
    element.querySelectorAll(".heat-row")[row]?.scrollIntoView({ block: "nearest" });
  };
  const open = ({ row, column }: Place): void => {
    const [key, at] = [rows[row]?.key, columns[column]];
    if (key !== undefined && at !== undefined) onOpen(key, at);
  };
  const latest = useRef(open);
  useEffect(() => {
    latest.current = open;
  });
  const openPlace = useCallback((place: Place): void => latest.current(place), []);
  const onKeyDown = (event: KeyboardEvent): void => {
    const { row, column } = cursor;
    const wide = grain === "hour" ? 24 : 7;
    const moves: Readonly<Record<string, Place>> = {
      ArrowLeft: { row, column: column - 1 },
      ArrowRight: { row, column: column + 1 },
      ArrowUp: { row: row - 1, column },
      ArrowDown: { row: row + 1, column },
      PageUp: { row, column: column - wide },
      PageDown: { row, column: column + wide },
      Home: { row, column: Math.min(...filled(rows[row])) },
      End: { row, column: Math.max(...filled(rows[row])) },
    };
    const move = moves[event.key];
    if (move === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (move === undefined) open(cursor);
    else moveTo(move);
  };
  return (
    <>
      <div
        className="heat"
        ref={scroller}
        role="application"
        aria-roledescription="map"
        aria-label="Usage map. Arrow keys move, Enter opens the records."
        aria-describedby={id}
        tabIndex={0}
        onScroll={tellView}
        onKeyDown={onKeyDown}
      >
        <div className="heat-head" aria-hidden="true">
          <span className="heat-name" />
          <span className="heat-columns">
            {columns.map((column, i) =>
              grain === "day" || i % 24 === 0 ? (
                <span key={column} className={grain === "day" ? "heat-day" : "heat-hours"}>
                  {grain === "day" ? columnText(column, grain) : column.slice(5, 10)}
                </span>
              ) : null,
            )}
          </span>
        </div>
        {rows.map((row, i) => (
          <Row
            key={row.key}
            row={row}
            name={nameOf(row.customer)}
            columns={columns.length}
            cellPx={cellPx}
            cursor={cursor.row === i ? cursor.column : undefined}
            chosen={chosen?.row === row.key ? columns.indexOf(chosen.at) : undefined}
            index={i}
            onPoint={setCursor}
            onOpen={openPlace}
          />
        ))}
      </div>
      <p id={id} className="heat-said" aria-live="polite">
        {said(map, cursor)}
      </p>
      <p className="heat-key quiet" aria-hidden="true">
        Less
        {[1, 2, 3, 4, 5, 6].map((level) => (
          <i key={level} className={`level-${level}`} />
        ))}
        More
        <b className="skipped">Skipped</b>
        <b className="refused">Refused</b>
        <b className="duplicate">Duplicate</b>
        <b className="adjusted">Adjusted</b>
      </p>
    </>
  );
}

/** Where there is anything. Of a row of which nothing has been asked for yet: the first column. */
const filled = (row: MapRow | undefined): number[] =>
  row === undefined || row.cells.size + row.marks.size === 0 ? [0] : [...row.cells.keys(), ...row.marks.keys()];

function said({ rows, columns, measure }: UsageMapData, { row, column }: Place): string {
  const one = rows[row];
  const at = columns[column];
  if (one === undefined || at === undefined) return "";
  const cell = one.cells.get(column);
  const what =
    cell === undefined
      ? isHole(one, column)
        ? "nothing, between two that were used"
        : "nothing"
      : measure === "money"
        ? `$${decimals(cell.text)}`
        : `${decimals(cell.text)} units`;
  const mark = one.marks.get(column);
  return `${one.customer}, ${one.dimension}, ${columnName(at)}: ${what}${mark === undefined ? "" : `; ${markText(mark)}`}`;
}

interface RowProps {
  readonly row: MapRow;
  readonly name: string;
  readonly columns: number;
  readonly cellPx: number;
  readonly cursor: number | undefined;
  readonly chosen: number | undefined;
  readonly index: number;
  readonly onPoint: (place: Place) => void;
  readonly onOpen: (place: Place) => void;
}

/** Of hundreds of rows, a pointer that moves draws two anew. */
const Row = memo(function Row({
  row,
  name,
  columns,
  cellPx,
  cursor,
  chosen,
  index,
  onPoint,
  onOpen,
}: RowProps): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isSeen, setIsSeen] = useState(false);
  const [scheme, setScheme] = useState(0);
  const { theme } = usePreferences();
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const watcher = new IntersectionObserver(([entry]) => setIsSeen(entry?.isIntersecting === true), {
      rootMargin: "200px",
    });
    watcher.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const onScheme = (): void => setScheme((before) => before + 1);
    dark.addEventListener("change", onScheme);
    return () => {
      watcher.disconnect();
      dark.removeEventListener("change", onScheme);
    };
  }, []);
  useEffect(() => {
    if (canvas.current !== null && isSeen) drawRow(canvas.current, { row, columns, cellPx, cursor, chosen });
  }, [isSeen, scheme, theme, row, columns, cellPx, cursor, chosen]);
  const columnAt = (event: PointerEvent<HTMLCanvasElement>): number =>
    Math.min(columns - 1, Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left) / cellPx));
  return (
    <div className="heat-row">
      <span className="heat-name" title={`${row.customer}, ${row.dimension}, ${row.product}`}>
        <span>{name}</span> <code>{row.dimension}</code>
      </span>
      <canvas
        ref={canvas}
        aria-hidden="true"
        style={{ width: columns * cellPx, height: ROW_PX }}
        onPointerMove={(event) => onPoint({ row: index, column: columnAt(event) })}
        onPointerUp={(event) => onOpen({ row: index, column: columnAt(event) })}
      />
    </div>
  );
});
