/** ⌘K: goes to a screen, or to whatever has this id or name, or does something. */
import { useNavigate } from "@tanstack/react-router";
import { useId, useState, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { endSession } from "../api/session.ts";
import { allPlaces } from "./places.ts";
import { useFound, type Found } from "./find.ts";
import { THEMES, TIME_MODES, prefer } from "./preferences.ts";
import { useServer } from "./server.ts";

interface Action {
  readonly label: string;
  readonly kind: "Action";
  readonly run: () => void;
}

const ACTIONS: readonly Action[] = [
  ...TIME_MODES.map((time): Action => ({
    label: `Times: ${time === "utc" ? "UTC" : time}`,
    kind: "Action",
    run: () => prefer({ time }),
  })),
  ...THEMES.map((theme): Action => ({ label: `Colours: ${theme}`, kind: "Action", run: () => prefer({ theme }) })),
  { label: "Log out", kind: "Action", run: () => endSession("logged-out") },
];

export function Palette({ dialog }: { readonly dialog: RefObject<HTMLDialogElement | null> }): ReactNode {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const navigate = useNavigate();
  const id = useId();
  const { isLab } = useServer();
  const found = useFound(text.trim());
  const places = allPlaces
    .filter(
      ({ label, isLab: forLab }) =>
        (forLab === undefined || isLab) && label.toLowerCase().includes(text.trim().toLowerCase()),
    )
    .map(({ to, label }): Found => ({ to, label, kind: "Screen" }));
  const actions = ACTIONS.filter(({ label }) => label.toLowerCase().includes(text.trim().toLowerCase()));
  const all: readonly (Found | Action)[] = [...found, ...places, ...actions].slice(0, 30);
  const choose = (one: Found | Action): void => {
    dialog.current?.close();
    if ("run" in one) one.run();
    else void navigate({ href: `/console${one.to}` });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : -1;
      setChosen((before) => (all.length === 0 ? 0 : (before + by + all.length) % all.length));
    }
    const one = all[chosen];
    if (event.key === "Enter" && one !== undefined) {
      event.preventDefault();
      choose(one);
    }
  };
  return (
    <dialog ref={dialog} className="palette" aria-label="Find" onClose={() => setText("")}>
      <input
        type="text"
        role="combobox"
        aria-label="Find an id, a name, a screen or an action"
        aria-expanded="true"
        aria-controls={id}
        {...(all[chosen] === undefined ? {} : { "aria-activedescendant": `${id}-${chosen}` })}
        placeholder="An id, a name, a screen …"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={id} role="listbox" aria-label="Found">
        {all.map((one, i) => (
          <li
            key={`${one.kind} ${"to" in one ? one.to : one.label}`}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => choose(one)}
            onPointerMove={() => setChosen(i)}
          >
            <span>{one.label}</span>
            <span className="quiet">{one.kind}</span>
          </li>
        ))}
      </ul>
      {all.length === 0 ? <p className="quiet palette-none">Nothing has this id or name.</p> : null}
    </dialog>
  );
}
