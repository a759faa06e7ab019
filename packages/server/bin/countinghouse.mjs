#!/usr/bin/env node
// The command `countinghouse`: from the built package, or straight from the sources of a checkout.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(`countinghouse needs Node 24 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
const source = fileURLToPath(new URL("../src/main.ts", import.meta.url));
if (existsSync(source)) {
  const args = ["--conditions=@countinghouse/source", source, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 1));
} else {
  await import("../dist/main.js");
}
