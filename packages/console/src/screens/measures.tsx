/** How the server goes, as small plots of the last minutes side by side; each says its newest value as a text. */
import { useRef, type ReactNode } from "react";
import { Card } from "../parts/parts.tsx";
import { measuresOf, type Measure, type Reading } from "./metrics.ts";
import { bytesText } from "./wording.tsx";

/** At a reading every two seconds, three minutes. */
const READINGS_MAX = 91;
const [WIDTH, HEIGHT] = [160, 32] as const;

/** `reading` is the newest; those before it are kept for as long as the screen is open. */
export function Measures({ reading }: { readonly reading: Reading | undefined }): ReactNode {
  const kept = useRef<readonly Reading[]>([]);
  if (reading !== undefined && reading.atMs !== kept.current.at(-1)?.atMs) {
    kept.current = [...kept.current, reading].slice(-READINGS_MAX);
  }
  return (
    <Card title="The last minutes">
      <dl className="measures">
        {measuresOf(kept.current).map((measure) => (
          <div key={measure.name}>
            <dt>{measure.name}</dt>
            <dd>{textOf(measure)}</dd>
            <Line values={measure.values} />
          </div>
        ))}
      </dl>
    </Card>
  );
}

function textOf({ values, unit }: Measure): string {
  const newest = values.at(-1);
  if (newest === undefined) return "–";
  if (unit === "bytes") return bytesText(newest);
  const text = newest.toLocaleString("en-GB", { maximumFractionDigits: newest < 10 ? 1 : 0 });
  return unit === undefined ? text : `${text} ${unit}`;
}

/** The newest value is at the right. */
function Line({ values }: { readonly values: readonly (number | undefined)[] }): ReactNode {
  const greatest = Math.max(1e-9, ...values.map((value = 0) => value));
  const points = values.flatMap((value, i) => {
    if (value === undefined) return [];
    const x = WIDTH - ((values.length - 1 - i) / (READINGS_MAX - 2)) * WIDTH;
    return [`${x.toFixed(1)},${(HEIGHT - 1 - (value / greatest) * (HEIGHT - 3)).toFixed(1)}`];
  });
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.length === 1 ? `${points[0]} ${points[0]}` : points.join(" ")} />
    </svg>
  );
}
