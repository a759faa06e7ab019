/**
 * Countinghouse without what makes its entries an audit trail: no chain, and no search attributes. Only this program composes
 * it so; no flag of the product does. Arguments: data folder, catalogue file, ready file.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { compose } from "../../packages/server/src/compose.ts";
import { openSqliteEngine, type SqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { benchConfig } from "./config.ts";

const [folder = "", catalog = "", readyFile = ""] = process.argv.slice(2);
const config = benchConfig(folder, catalog);
const say = (details: object, message: string): void => console.error(message, details);
const log = { error: say, warn: say };
const service = await compose({ config, world: realWorld, log, openEngine: withoutTrail });
service.server.listen(0, "127.0.0.1");
await once(service.server, "listening");
const { port } = service.server.address() as AddressInfo;
writeFileSync(
  readyFile,
  JSON.stringify({ endpoint: `http://127.0.0.1:${port}`, operatorToken: service.operatorToken }),
);
process.on("SIGTERM", () => void service.close().then(() => process.exit(0)));

function withoutTrail(path: string): SqliteEngine {
  const engine = openSqliteEngine(path, { trail: false });
  const db = new DatabaseSync(join(path, "ledger.sqlite"));
  const found = db.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'entry_%'").all();
  for (const { name } of found) if (name !== "entry_request_id") db.exec(`DROP INDEX ${String(name)}`);
  db.close();
  return engine;
}
