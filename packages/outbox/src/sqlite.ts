/** The SQLite store, name by name. */
export { sqliteStore } from "./stores/sqlite/sqlite-store.ts";
