// Installs what is missing, and nothing else.
import { ensureInstalled } from "./workspace.mjs";

await ensureInstalled();
