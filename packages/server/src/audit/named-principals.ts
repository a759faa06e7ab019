/**
 * Whose events a name is shown with: the principals of an account that LookupEvents calls so. Rule V2.
 *
 * A user's principal ends in the name. Of a session the name is known and the role is not, so every role is tried that ever
 * called: one step through the ledger's principals for each. Who came with a web identity token is called by what the token
 * says, of which the rest is not known either; only such names hold a colon beside users'.
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
    // One that is no session's has no second stroke, and is passed by itself.
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

/** The first text that does not begin with this one, which ends in a stroke, and comes after all that do. */
function behind(text: string): string {
  return `${text.slice(0, -1)}0`;
}
