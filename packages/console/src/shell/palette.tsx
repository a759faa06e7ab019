/** ⌘K: goes to a screen, or to whatever has this id or name. */
import { useNavigate } from "@tanstack/react-router";
import { useId, useState, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { allPlaces } from "./places.ts";
import { useFound, type Found } from "./find.ts";
import { useServer } from "./server.ts";

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
  const all = [...found, ...places].slice(0, 30);
  const go = (to: string): void => {
    dialog.current?.close();
    void navigate({ href: `/console${to}` });
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
      go(one.to);
    }
  };
  return (
    <dialog ref={dialog} className="palette" aria-label="Find" onClose={() => setText("")}>
      <input
        type="text"
        role="combobox"
        aria-label="Find an id, a name or a screen"
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
        {all.map(({ to, label, kind }, i) => (
          <li
            key={`${kind} ${to}`}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => go(to)}
            onPointerMove={() => setChosen(i)}
          >
            <span>{label}</span>
            <span className="quiet">{kind}</span>
          </li>
        ))}
      </ul>
      {all.length === 0 ? <p className="quiet palette-none">Nothing has this id or name.</p> : null}
    </dialog>
  );
}
