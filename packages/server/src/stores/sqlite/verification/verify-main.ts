/** The thread that verifies; see `verify-beside.ts`. */
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { VerifyNews, VerifyOrder } from "./verify-beside.ts";
import { verifyChain } from "./verify.ts";

const { ledgerFile, known } = workerData as VerifyOrder;
const port = parentPort as MessagePort;
const tell = (news: VerifyNews): void => port.postMessage(news);
tell({ found: verifyChain(ledgerFile, known, (read, of) => tell({ read, of })) });
