/** The keyboard: everything that a pointer can do, and shorter. */
import { useEffect, useRef, type ReactNode, type RefObject } from "react";
import { allPlaces } from "./places.ts";

interface KeyActions {
  readonly palette: () => void;
  readonly help: () => void;
  readonly go: (to: string) => void;
}

/** How long `g` waits for the key that says where to. */
const CHORD_MS = 1_500;

/** A field of a dialog that has just been closed keeps the focus until the browser draws again; nobody types into it. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) &&
    target.closest("dialog:not([open])") === null
  );
}

export function useKeys(actions: KeyActions): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    let chordEndMs = 0;
    const onKey = (event: KeyboardEvent): void => {
      const { key, metaKey, ctrlKey, altKey, target } = event;
      if ((metaKey || ctrlKey) && key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.palette();
        return;
      }
      if (metaKey || ctrlKey || altKey || isTyping(target) || document.querySelector("dialog[open]") !== null) return;
      if (Date.now() < chordEndMs) {
        chordEndMs = 0;
        const place = allPlaces.find((one) => one.key === key);
        if (place !== undefined) latest.current.go(place.to);
        return;
      }
      if (key === "g") chordEndMs = Date.now() + CHORD_MS;
      else if (key === "?") latest.current.help();
      else if (key === "j") moveRow(1);
      else if (key === "k") moveRow(-1);
      else if (key === "/") {
        const filter = document.querySelector<HTMLElement>("[data-filter]");
        if (filter === null) return;
        event.preventDefault();
        filter.focus();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** To the link of the next row, or of the one before. */
function moveRow(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-row]")]
    .map((row) => row.querySelector<HTMLElement>("a, button"))
    .filter((link) => link !== null);
  const current = links.findIndex((link) => link.closest("[data-row]")?.contains(document.activeElement) === true);
  const next = current === -1 ? (by === 1 ? 0 : links.length - 1) : current + by;
  links[next]?.focus();
}

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ["Ctrl K or ⌘ K", "Find an id, a screen, an action"],
  ["/", "To the filter"],
  ["j and k", "Next row, row before"],
  ["Enter", "Open it"],
  ["Esc", "Close what is open"],
  ["?", "These keys"],
];

export function KeysDialog({ dialog }: { readonly dialog: RefObject<HTMLDialogElement | null> }): ReactNode {
  return (
    <dialog ref={dialog} className="keys" aria-label="Keys">
      <h2>Keys</h2>
      <dl className="facts">
        {[...KEYS, ...allPlaces.map(({ key, label }) => [`g ${key}`, label] as const)].map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog" className="actions">
        <button type="submit" className="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
