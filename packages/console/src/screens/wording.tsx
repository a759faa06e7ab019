/** States of the catalogue's objects, said alike on all screens. */
import type { Agreement } from "countinghouse/operator";
import type { ReactNode } from "react";
import { State, type Tone } from "../parts/parts.tsx";

const AGREEMENT_TONES: Readonly<Record<Agreement["status"], Tone>> = {
  pending: "info",
  active: "ok",
  suspended: "warn",
  cancelled: "bad",
  expired: "plain",
};

export function AgreementState({ status }: { readonly status: Agreement["status"] }): ReactNode {
  return <State tone={AGREEMENT_TONES[status]}>{status}</State>;
}

/** What a dimension costs now. */
export function money(price: string | null | undefined): string {
  return price === undefined || price === null ? "–" : `$${price}`;
}

/** A whole number with its thousands apart. */
export function whole(count: number): string {
  return count.toLocaleString("en-GB");
}

/** Decimals of a report, for adding up on the screen: the server's own sums are exact. */
export function numberOf(text: string | number | undefined): number {
  const value = Number(text ?? 0);
  return Number.isFinite(value) ? value : 0;
}

export function dollars(amount: number): string {
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2;
  const text = Math.abs(amount).toLocaleString("en-GB", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return amount < 0 ? `−$${text}` : `$${text}`;
}

/** `24.2 KiB`. */
export function bytesText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? ""}`;
}

/** Decimals as the server says them, all their digits, with thousands apart. */
export function decimals(text: string | number): string {
  return String(text).replace(/^-?\d+/, (digits) => digits.replaceAll(/\B(?=(\d{3})+$)/g, ","));
}
