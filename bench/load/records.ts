/**
 * What is metered: a catalogue, and usage records. No key of a metering record is repeated here; the workload (`workload.ts`)
 * decides what is sent again.
 *
 * The usage is that of a seller's hourly job in several regions: hour after hour, region after region, customer after customer
 * in an order that changes each time, and all dimensions for each customer. So requests that are sent together touch pages of
 * many customers.
 */
import { BATCH_RECORDS_MAX, HOUR_MS } from "@countinghouse/protocol";
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY } from "./signed-request.ts";

export const REGIONS = [
  "us-east-1",
  "us-east-2",
  "us-west-2",
  "ca-central-1",
  "sa-east-1",
  "eu-west-1",
  "eu-central-1",
  "eu-north-1",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-northeast-1",
  "ap-northeast-2",
  "af-south-1",
];
export const CUSTOMERS = 1_000;
const DIMENSIONS = 30;
/** Rule set `current` accepts usage of the last 24 hours; the present hour is not used. */
export const HOURS = 22;
const KEYS_OF_REGION = CUSTOMERS * DIMENSIONS;

export const RECORDS_PER_BATCH = BATCH_RECORDS_MAX;

export const PRODUCT_CODE = "5k2mbench0wq9zr7tcx4vjp81";
const SELLER = "111122223333";
/** The catalogue in the form of a catalogue file (JSON is YAML). */
export function catalogueText(): string {
  const user = { name: "metering", accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY };
  const product = {
    productCode: PRODUCT_CODE,
    title: "Benchmarked",
    seller: SELLER,
    type: "saas",
    pricing: "usage",
    dimensions: range(DIMENSIONS).map((i) => ({ name: dimensionName(i) })),
  };
  const buyers = range(CUSTOMERS).map((i) => ({ id: buyerId(i) }));
  const agreements = range(CUSTOMERS).map((i) => ({
    agreementId: `agmt-${i}`,
    productCode: PRODUCT_CODE,
    customerAccountId: buyerId(i),
    customerIdentifier: customerName(i),
    startsAt: "2020-01-01T00:00:00Z",
  }));
  const accounts = [{ id: SELLER, users: [user] }, ...buyers];
  return JSON.stringify({ accounts, products: [product], agreements }, undefined, 1);
}

export interface BenchRecord {
  readonly Timestamp: number;
  readonly Dimension: string;
  readonly CustomerIdentifier: string;
  readonly Quantity: number;
}

export class RecordMaker {
  readonly #firstHour: number;
  readonly #regions: readonly string[];
  #made = 0;

  constructor(nowMs: number, regions: readonly string[] = REGIONS) {
    this.#firstHour = Math.floor(nowMs / HOUR_MS) - HOURS;
    this.#regions = regions;
  }

  /** This many more records, and their region. `count` must divide the number of keys of a region. */
  next(count: number): { records: BenchRecord[]; region: string } {
    const first = this.#made;
    this.#made += count;
    return {
      records: range(count).map((i) => this.#record(first + i)),
      region: this.#regions[Math.floor(first / KEYS_OF_REGION) % this.#regions.length] as string,
    };
  }

  /** Lets the last records be made again. */
  takeBack(count: number): void {
    this.#made -= count;
  }

  /** Whether all records so far are of hours whose usage is accepted. */
  get isInWindow(): boolean {
    return this.#made <= HOURS * this.#regions.length * KEYS_OF_REGION;
  }

  #record(n: number): BenchRecord {
    const visit = Math.floor((n % KEYS_OF_REGION) / DIMENSIONS);
    // A step without a common factor with the number of customers visits each of them once.
    const step = 471 + 10 * Math.floor(n / KEYS_OF_REGION);
    const hour = this.#firstHour + Math.floor(n / (this.#regions.length * KEYS_OF_REGION));
    return {
      Timestamp: hour * (HOUR_MS / 1000) + (n % 3_600),
      Dimension: dimensionName(n % DIMENSIONS),
      CustomerIdentifier: customerName((visit * step) % CUSTOMERS),
      Quantity: 1 + (n % 1_000),
    };
  }
}

function buyerId(i: number): string {
  return String(200_000_000_000 + i);
}

export function customerName(i: number): string {
  return `cust${String(i).padStart(7, "0")}`;
}

function dimensionName(i: number): string {
  return `usage_kind_${String(i).padStart(2, "0")}`;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
