/**
 * The operator token: it comes in the fragment of the address, which is never sent, is taken out of the address at once, and is
 * held for this tab only. There are no cookies, so no other site can make this browser ask anything.
 */
const KEY = "countinghouse-token";

/** Why there is no session, where there was one. */
export type EndOfSession = "refused" | "logged-out";

interface Session {
  readonly token: string | undefined;
  readonly ended: EndOfSession | undefined;
}

let session: Session = { token: undefined, ended: undefined };
const watchers = new Set<() => void>();

function set(next: Session): void {
  session = next;
  try {
    if (next.token === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, next.token);
  } catch {
    // A browser that stores nothing asks for the token again after a reload.
  }
  for (const watcher of watchers) watcher();
}

/** Takes a token out of the address: afterwards that can be shared, and holds none. */
function takeToken(): boolean {
  const given = /^#token=([^&]+)/.exec(location.hash)?.[1];
  if (given === undefined) return false;
  history.replaceState(history.state, "", location.pathname + location.search);
  set({ token: decoded(given), ended: undefined });
  return true;
}

/** Before anything else runs. */
export function beginSession(): void {
  // The link of a server that was started anew, in a tab that is open already.
  addEventListener("hashchange", takeToken);
  if (takeToken()) return;
  try {
    session = { token: sessionStorage.getItem(KEY) ?? undefined, ended: undefined };
  } catch {
    // The same.
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function logIn(token: string): void {
  set({ token, ended: undefined });
}

/** A token that is not this session's any more has ended nothing: an answer to it may come late. */
export function endSession(why: EndOfSession, token: string | undefined = session.token): void {
  if (token === session.token) set({ token: undefined, ended: why });
}

export const currentSession = (): Session => session;

export function watchSession(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
