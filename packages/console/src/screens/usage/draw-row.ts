/** A row of the map on its canvas: colours, rings where something was skipped, marks, and what is chosen. */
import { colourOf } from "../../parts/colour.ts";
import { isHole, levelOf, type MapMark, type MapRow } from "./map-of.ts";

export const ROW_PX = 20;

interface DrawnRow {
  readonly row: MapRow;
  readonly columns: number;
  readonly cellPx: number;
  readonly cursor: number | undefined;
  readonly chosen: number | undefined;
}

export function drawRow(canvas: HTMLCanvasElement, { row, columns, cellPx, cursor, chosen }: DrawnRow): void {
  const scale = Math.min(2, devicePixelRatio);
  canvas.width = columns * cellPx * scale;
  canvas.height = ROW_PX * scale;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(scale, scale);
  const heat = colourOf(canvas, "--heat");
  const quiet = colourOf(canvas, "--field");
  const strong = colourOf(canvas, "--text");
  const gap = cellPx > 10 ? 2 : 1;
  for (let column = 0; column < columns; column += 1) {
    const x = column * cellPx;
    const level = levelOf(row, column);
    if (level > 0) {
      context.globalAlpha = 0.16 + level * 0.14;
      context.fillStyle = heat;
      context.fillRect(x, 1, cellPx - gap, ROW_PX - 2);
      context.globalAlpha = 1;
    } else if (isHole(row, column)) {
      context.strokeStyle = quiet;
      context.beginPath();
      context.arc(x + (cellPx - gap) / 2, ROW_PX / 2, Math.min(3, cellPx / 2 - 1), 0, 2 * Math.PI);
      context.stroke();
    }
  }
  for (const [column, mark] of row.marks) drawMark(context, canvas, { mark, x: column * cellPx, width: cellPx - gap });
  for (const [column, width] of [
    [chosen, 2],
    [cursor, 1],
  ] as const) {
    if (column === undefined || column < 0) continue;
    context.strokeStyle = strong;
    context.lineWidth = width;
    context.strokeRect(column * cellPx + 0.5, 1.5, cellPx - gap - 1, ROW_PX - 3);
  }
}

interface MarkAt {
  readonly mark: MapMark;
  readonly x: number;
  readonly width: number;
}

/** Corners and an edge, so that they are told apart without their colours, and may stand in one cell. */
function drawMark(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement, { mark, x, width }: MarkAt): void {
  const size = Math.min(8, width);
  const [top, bottom, right] = [1, ROW_PX - 1, x + width];
  const corner = (colour: string, points: readonly (readonly [number, number])[]): void => {
    context.fillStyle = colour;
    context.beginPath();
    for (const [px, py] of points) context.lineTo(px, py);
    context.fill();
  };
  if (mark.refused !== undefined) {
    corner(colourOf(canvas, "--bad"), [
      [right - size, top],
      [right, top],
      [right, top + size],
    ]);
  }
  if (mark.duplicates !== undefined) {
    corner(colourOf(canvas, "--warn"), [
      [x, bottom - size],
      [x, bottom],
      [x + size, bottom],
    ]);
  }
  if (mark.adjusted === true) {
    context.fillStyle = colourOf(canvas, "--text");
    context.fillRect(x, bottom - 2, width, 2);
  }
}
