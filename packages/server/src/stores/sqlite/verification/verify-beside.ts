/** Verifies the chain on a thread and a connection of its own, beside a server that goes on writing. */
import { FaultError } from "../../../ledger/ledger.ts";
import type { ChainVerification, KnownHead, OnRead } from "../../../ledger/verification.ts";
import { startThread } from "../start-thread.ts";

export interface VerifyOrder {
  readonly ledgerFile: string;
  readonly known: readonly KnownHead[];
}

/** The thread's messages: how many entries it has read, and at the end its result. */
export type VerifyNews = { readonly read: number; readonly of: number } | { readonly found: ChainVerification };

export function verifyBeside(
  ledgerFile: string,
  known: readonly KnownHead[],
  onRead: OnRead = () => undefined,
): Promise<ChainVerification> {
  const order: VerifyOrder = { ledgerFile, known };
  const worker = startThread("ledger-verification", import.meta.url, "./verify-main", order);
  return new Promise((resolve, reject) => {
    worker.on("message", (news: VerifyNews) => {
      if ("read" in news) onRead(news.read, news.of);
      else resolve(news.found);
    });
    worker.once("error", (error: Error) =>
      reject(new FaultError(`The ledger could not be read: ${error.message}`, error)),
    );
    worker.once("exit", () => reject(new FaultError("The verification ended without a result.", undefined)));
  });
}
