/** The thread that verifies; see `verify-beside.ts`. */
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { VerifyOrder } from "./verify-beside.ts";
import { verifyChain } from "./verify.ts";

const { ledgerFile, known } = workerData as VerifyOrder;
(parentPort as MessagePort).postMessage(verifyChain(ledgerFile, known));
