/** Around every screen: where one can go, which server this is, and whether it answers. */
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { isGone, queryClient, useAnswer } from "../api/calls.ts";
import { currentSession, endSession, watchSession } from "../api/session.ts";
import { Time } from "../parts/time.tsx";
import { KeysDialog, useKeys } from "./keys.tsx";
import { Login } from "./login.tsx";
import { Palette } from "./palette.tsx";
import { PLACES } from "./places.ts";
import { THEMES, TIME_MODES, prefer, usePreferences } from "./preferences.ts";
import { useServer } from "./server.ts";

const HEARTBEAT_MS = 3_000;

export function Shell(): ReactNode {
  const { token, ended } = useSyncExternalStore(watchSession, currentSession);
  useEffect(() => {
    // What another token was shown is not for this one.
    if (token === undefined) queryClient.clear();
  }, [token]);
  return token === undefined ? <Login ended={ended} /> : <Console />;
}

function Console(): ReactNode {
  const menu = useRef<HTMLDialogElement>(null);
  const palette = useRef<HTMLDialogElement>(null);
  const keys = useRef<HTMLDialogElement>(null);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const navigate = useNavigate();
  useKeys({
    palette: () => palette.current?.showModal(),
    help: () => keys.current?.showModal(),
    go: (to) => void navigate({ to }),
  });
  useEffect(() => menu.current?.close(), [path]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        To the content
      </a>
      <nav className="side" aria-label="Screens">
        <Navigation />
      </nav>
      <dialog ref={menu} className="menu" aria-label="Screens">
        <Navigation />
      </dialog>
      <div className="main">
        <header className="top">
          <button type="button" className="button menu-button" onClick={() => menu.current?.showModal()}>
            Menu
          </button>
          <ServerChips />
          <span className="grow" />
          <button type="button" className="button find" onClick={() => palette.current?.showModal()}>
            Find <kbd>{isMac() ? "⌘" : "Ctrl"} K</kbd>
          </button>
          <Preferences onKeys={() => keys.current?.showModal()} />
        </header>
        <Heartbeat />
        <main id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Palette dialog={palette} />
      <KeysDialog dialog={keys} />
    </div>
  );
}

const isMac = (): boolean => /Mac|iP(hone|ad)/.test(navigator.userAgent);

function Navigation(): ReactNode {
  const { isLab } = useServer();
  return (
    <>
      <Link to="/" className="brand">
        Countinghouse
      </Link>
      {PLACES.map(({ title, places }) => {
        const shown = places.filter((place) => place.isLab === undefined || isLab);
        return shown.length === 0 ? null : (
          <div className="nav-group" key={title}>
            <h2>{title}</h2>
            <ul>
              {shown.map(({ to, label }) => (
                <li key={to}>
                  <Link to={to} activeProps={{ "aria-current": "page" }}>
                    {label}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </>
  );
}

/** What has to be known on every screen: that this is a lab, where its clock stands, and what goes wrong on demand. */
function ServerChips(): ReactNode {
  const { isLab, clockMode, now } = useServer();
  const faults = useAnswer("GET /faults", undefined, { enabled: isLab, every: HEARTBEAT_MS });
  const active = faults.data?.items.filter(({ remaining }) => remaining !== 0).length ?? 0;
  return (
    <div className="chips">
      {isLab ? <span className="chip">Lab</span> : null}
      {now === undefined ? null : (
        <Link to="/clock" className={`chip ${clockMode === "system" ? "" : "warn"}`}>
          <span className="chip-name">{clockMode === "manual" ? "Clock stands at" : "Clock"}</span>
          <Time at={now} />
        </Link>
      )}
      {active === 0 ? null : (
        <Link to="/faults" className="chip bad">
          {active === 1 ? "1 fault in force" : `${active} faults in force`}
        </Link>
      )}
    </div>
  );
}

function Preferences({ onKeys }: { readonly onKeys: () => void }): ReactNode {
  const { time, theme } = usePreferences();
  return (
    <>
      <button type="button" className="button" popoverTarget="preferences">
        View
      </button>
      <div id="preferences" popover="auto" className="popover">
        <Choice
          label="Times"
          value={time}
          of={TIME_MODES}
          names={{ utc: "UTC", local: "Local", relative: "Relative" }}
          onChoose={(chosen) => prefer({ time: chosen })}
        />
        <Choice
          label="Colours"
          value={theme}
          of={THEMES}
          names={{ system: "System", light: "Light", dark: "Dark" }}
          onChoose={(chosen) => prefer({ theme: chosen })}
        />
        <div className="popover-foot">
          <button type="button" className="button" onClick={onKeys}>
            Keys <kbd>?</kbd>
          </button>
          <button type="button" className="button" onClick={() => endSession("logged-out")}>
            Log out
          </button>
        </div>
      </div>
    </>
  );
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly of: readonly Value[];
  readonly names: Readonly<Record<Value, string>>;
  readonly onChoose: (value: Value) => void;
}

function Choice<Value extends string>({ label, value, of, names, onChoose }: ChoiceProps<Value>): ReactNode {
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      {of.map((one) => (
        <label key={one}>
          <input type="radio" name={label} checked={one === value} onChange={() => onChoose(one)} />
          <span>{names[one]}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Asks the server whether it is there; whatever failed meanwhile is asked again when it is back. */
function Heartbeat(): ReactNode {
  const { error } = useAnswer("GET /server", undefined, { every: HEARTBEAT_MS });
  const [wasGone, setWasGone] = useState(false);
  const gone = isGone(error);
  useEffect(() => {
    if (gone === wasGone) return;
    setWasGone(gone);
    if (!gone) void queryClient.invalidateQueries();
  }, [gone, wasGone]);
  return (
    <div role="status">
      {gone ? (
        <p className="gone">
          <strong>The server does not answer.</strong> What is shown is what it said last; it is asked again every few
          seconds.
        </p>
      ) : null}
    </div>
  );
}
