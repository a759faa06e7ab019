/** The input of a run in windows: one is read, checked and packed while batches of the one before are sent. */
import type { MeterableRecord } from "../../batch/line.ts";
import { Packer } from "../../batch/pack.ts";
import type { GiveWay } from "./give-way.ts";
import { InputReader, type Window } from "./input-reader.ts";
import type { Decide, InputLine } from "../lines/input-line.ts";
import { Intake } from "../lines/intake.ts";
import { WINDOW_OPEN_MS, type MeterAllOptions } from "../options.ts";
import type { Progress } from "../progress.ts";
import { Remembered } from "../lines/remembered.ts";

/** At least this many keys of earlier windows are remembered. It takes at most some 20 MB. */
const KEYS = 100_000;

type Batches<Item> = Iterator<InputLine<Item>[], undefined>;

interface WindowsParts<Item> {
  readonly decide: Decide<Item>;
  readonly progress: Progress;
  readonly giveWay: GiveWay;
  readonly stop: AbortSignal;
  /** Called when a window has been read. */
  readonly wake: () => void;
}

export class Windows<Item extends MeterableRecord> {
  readonly #reader: InputReader<Item>;
  readonly #options: MeterAllOptions;
  readonly #parts: WindowsParts<Item>;
  readonly #earlier: Remembered | undefined;
  #reading: Promise<void> | undefined;
  #ready: Batches<Item> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isAtEnd = false;

  constructor(records: Iterable<Item> | AsyncIterable<Item>, options: MeterAllOptions, parts: WindowsParts<Item>) {
    const { window: recordsMax, windowMs: openMsMax = WINDOW_OPEN_MS } = options;
    const window: Window | undefined = recordsMax === undefined ? undefined : { recordsMax, openMsMax };
    this.#reader = new InputReader(records, window, parts);
    this.#options = options;
    this.#parts = parts;
    this.#earlier = window === undefined ? undefined : new Remembered(KEYS);
  }

  /** Whether the whole input was read and taken. */
  get isOver(): boolean {
    const isBusy = this.#reading !== undefined || this.#ready !== undefined || this.#failure !== undefined;
    return this.#isAtEnd && !isBusy;
  }

  /** Begins to read the next window, unless one is being read, or waits to be taken. */
  begin(): void {
    if (this.#isAtEnd || this.#reading !== undefined || this.#ready !== undefined) return;
    this.#reading = this.#read().catch((error: unknown) => {
      this.#failure = { error };
      this.#isAtEnd = true;
    });
    void this.#reading.then(() => {
      this.#reading = undefined;
      this.#parts.wake();
    });
  }

  /** The batches of the window that was read, if there is one; throws what the input threw. */
  take(): Batches<Item> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    const batches = this.#ready;
    this.#ready = undefined;
    return batches;
  }

  async settled(): Promise<void> {
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { decide, progress, giveWay } = this.#parts;
    const { productCode, sameKey = "refuse" } = this.#options;
    const intake = new Intake<Item>({ decide, productCode, sameKey, earlier: this.#earlier });
    const end = await this.#reader.read((record) => {
      intake.take(record, progress.read);
      progress.read += 1;
    });
    if (end !== "window's end") {
      this.#isAtEnd = true;
      progress.inputEnded = end === "input's end";
      progress.isCutShort = end === "stop";
    }
    const packer = new Packer<InputLine<Item>>();
    for (const line of intake.lines()) {
      packer.add(line);
      if (giveWay.isDue()) await giveWay.now();
    }
    this.#ready = packer.batches();
  }
}
