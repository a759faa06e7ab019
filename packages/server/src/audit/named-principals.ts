/**
 * Finds the principals of an account whose events LookupEvents shows for a username. Rule V2.
 *
 * A user's principal ends in the name. For a session the name is known and the role is not, so every role that ever called is
 * tried, with one step through the ledger's principals for each. A caller with a web identity token is named by a part of its
 * principal; the rest of that is not known either, so all such principals are tried. Besides such names, only users' names may
 * hold a colon.
 */
import type { Ledger } from "../ledger/ledger.ts";

export async function principalsNamed(ledger: Ledger, accountId: string, username: string): Promise<string[]> {
  const user = `arn:aws:iam::${accountId}:user/${username}`;
  const others = username.includes(":")
    ? await webIdentitiesNamed(ledger, accountId, username)
    : await sessionsNamed(ledger, accountId, username);
  return [user, ...others];
}

async function sessionsNamed(ledger: Ledger, accountId: string, sessionName: string): Promise<string[]> {
  const roles = `arn:aws:sts::${accountId}:assumed-role/`;
  const end = behind(roles);
  const found: string[] = [];
  for (let after = roles; ;) {
    const next = await ledger.principalBetween(after, end);
    if (next === undefined) return found;
    const role = next.slice(0, next.indexOf("/", roles.length) + 1);
    // A principal without a second slash is no session's; it is skipped by itself.
    after = role.length > roles.length ? behind(role) : next;
    if (role.length > roles.length) found.push(role + sessionName);
  }
}

async function webIdentitiesNamed(ledger: Ledger, accountId: string, username: string): Promise<string[]> {
  const providers = `arn:aws:iam::${accountId}:oidc-provider/`;
  const found: string[] = [];
  for (let after = providers; ;) {
    const next = await ledger.principalBetween(after, behind(providers));
    if (next === undefined) return found;
    if (next.endsWith(username)) found.push(next);
    after = next;
  }
}

/** The first text after all texts that begin with this one, which ends in a slash. */
function behind(text: string): string {
  return `${text.slice(0, -1)}0`;
}
