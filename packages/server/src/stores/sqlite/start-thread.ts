/** Starts the threads of this store: each is a file beside the one that starts it, as source or built. */
import { extname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";

/**
 * Node strips the types of a source by WebAssembly, in each thread anew. Once a thread has called out of it a thousand
 * times, V8 compiles the way out; what is compiled there belongs to the whole process, and V8 frees it twice where one
 * thread ends while another is about to use it. The process dies, by SIGSEGV or by "Check failed: jit_page.has_value()":
 * https://github.com/nodejs/node/issues/64500. So nothing is compiled there: V8 goes on as it does for the first thousand
 * calls. A V8 that does not know the flag passes it over.
 */
const NO_COMPILED_WAY_OUT = "--wasm-wrapper-tiering-budget=2147483647";

/** `from`: the module that starts it (`import.meta.url`); `file`: relative to that, without an ending. */
export function startThread(name: string, from: string, file: string, workerData: unknown): Worker {
  // Sources run as they are, and what is built has another ending.
  const ending = extname(from);
  if (ending === ".ts") setFlagsFromString(NO_COMPILED_WAY_OUT);
  return new Worker(new URL(`${file}${ending}`, from), { workerData, name });
}
