/** The address of a ledger in PostgreSQL, as store commands take it. */
import { CommandError, EXIT } from "../connection.ts";

/** Messages do not repeat the address, because it may hold a password. */
export function postgresAddress(flag: string, text: string): string {
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new CommandError(`${flag} must be postgres://…, a URL that can be read.`, EXIT.usage);
}
