/** Starts this store's threads. The file of each is beside the file that starts it, as source or as built. */
import { extname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Worker, type ResourceLimits } from "node:worker_threads";

/**
 * Node strips types with WebAssembly, in each thread anew. After a thread has made a thousand calls out of WebAssembly, V8
 * compiles the code for such calls. That code belongs to the whole process, and V8 frees it twice where one thread ends while
 * another is about to use it. The process then dies by SIGSEGV or by "Check failed: jit_page.has_value()":
 * https://github.com/nodejs/node/issues/64500. With this flag V8 never compiles that code. A V8 that does not know the flag
 * ignores it.
 */
const NO_COMPILED_WAY_OUT = "--wasm-wrapper-tiering-budget=2147483647";

/** `from`: the module that starts the thread (`import.meta.url`); `file`: its path relative to `from`, without extension. */
export function startThread(
  name: string,
  from: string,
  file: string,
  workerData: unknown,
  resourceLimits: ResourceLimits = {},
): Worker {
  // Sources are run as `.ts` files, and a build has another extension.
  const ending = extname(from);
  if (ending === ".ts") setFlagsFromString(NO_COMPILED_WAY_OUT);
  return new Worker(new URL(`${file}${ending}`, from), { workerData, name, resourceLimits });
}
