/** A plot of values over days or hours. Whatever it shows stands in a table beside it, which is there without it. */
import { useEffect, useRef, useState, type ReactNode } from "react";
import type uPlot from "uplot";
import { colourOf } from "./colour.ts";
import { usePreferences } from "../shell/preferences.ts";

interface PlotSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A colour of the sheet, such as `--accent`. */
  readonly colour: `--${string}`;
  readonly kind: "bars" | "line";
}

interface PlotProps {
  readonly label: string;
  /** Days of a month, hours of an age. */
  readonly xs: readonly number[];
  /** Of bars, each stands on those after it. */
  readonly series: readonly PlotSeries[];
  readonly unit?: string;
}

const HEIGHT = 220;

/**
 * The library asks for the number format of the browser's language when it is loaded, and a browser may name a language that
 * there is none for (`en-US@posix`).
 */
async function loadPlots(): Promise<typeof uPlot> {
  try {
    (0).toLocaleString(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: "en-GB", configurable: true });
  }
  return (await import("uplot")).default;
}

export function Plot({ label, xs, series, unit = "" }: PlotProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const { theme } = usePreferences();
  const [failed, setFailed] = useState(false);
  const shape = JSON.stringify([xs, series, theme]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let plot: uPlot | undefined;
    let isOver = false;
    const sized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => plot?.redraw(false);
    void loadPlots().then(
      (Plots) => {
        if (isOver) return;
        plot = new Plots(
          optionsOf(Plots, element, series, unit),
          [[...xs], ...stacked(series)] as uPlot.AlignedData,
          element,
        );
        sized.observe(element);
        scheme.addEventListener("change", redraw);
      },
      () => setFailed(true),
    );
    return () => {
      isOver = true;
      sized.disconnect();
      scheme.removeEventListener("change", redraw);
      plot?.destroy();
    };
    // oxlint-disable-next-line react/exhaustive-deps -- `shape` is all that the plot is drawn from
  }, [shape]);
  if (failed) return <p className="quiet">The plot cannot be drawn in this browser; the table has the same.</p>;
  return (
    <figure className="plot">
      <figcaption>
        {series.map(({ label: name, colour, kind }) => (
          <span key={name} className={`key ${kind} ${colour.slice(2)}`}>
            {name}
          </span>
        ))}
      </figcaption>
      <div ref={place} className="plot-canvas" role="img" aria-label={label} />
    </figure>
  );
}

/** Bars on top of each other are drawn as the largest first, with the smaller in front of it. */
function stacked(series: readonly PlotSeries[]): (number | null)[][] {
  return series.map(({ kind, values }, i) => {
    if (kind === "line") return [...values];
    const below = series.slice(i + 1).filter((other) => other.kind === "bars");
    return values.map((value, x) => (value ?? 0) + below.reduce((sum, other) => sum + (other.values[x] ?? 0), 0));
  });
}

function optionsOf(
  Plots: typeof uPlot,
  element: HTMLElement,
  series: readonly PlotSeries[],
  unit: string,
): uPlot.Options {
  const colour = (name: `--${string}`): string => colourOf(element, name);
  const axis: uPlot.Axis = {
    stroke: () => colour("--quiet"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      // Half a step more on both sides, or the first and the last bar would be cut.
      x: { time: false, range: (_plot, min, max) => [min - 0.5, max + 0.5] },
      y: { range: (_plot, min, max) => [Math.min(0, min), max <= 0 ? 1 : max * 1.08] },
    },
    axes: [
      // Between two days, or two hours of an age, there is nothing.
      { ...axis, size: 28, grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100] },
      {
        ...axis,
        size: 64,
        values: (_plot, splits) => splits.map((value) => `${unit}${value.toLocaleString("en-GB")}`),
      },
    ],
    series: [
      {},
      ...series.map(({ label, kind, colour: name }): uPlot.Series => ({
        label,
        stroke: () => colour(name),
        width: kind === "line" ? 1.5 : 0,
        points: { show: false },
        ...(kind === "bars"
          ? { fill: () => colour(name), paths: Plots.paths.bars?.({ size: [0.72, 40] }) as uPlot.Series.PathBuilder }
          : { dash: [4, 4] }),
      })),
    ],
  };
}
