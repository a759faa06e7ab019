/** The only stylesheet of the buy page: system fonts, light and dark, narrow and wide. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --text: #1b1f24; --quiet: #57606a; --line: #d5d9de; --field: #868e96;
  --action: #0b5cad; --action-strong: #084684; --on-action: #ffffff; --tag: #e4eefa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #181d23; --text: #e8ebee; --quiet: #a3adb8; --line: #323a43; --field: #7c8792;
    --action: #7ab8ff; --action-strong: #a8d0ff; --on-action: #0a1929; --tag: #1d324a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, "Segoe UI", "Open Sans", sans-serif; }
header, main, footer { width: 100%; max-width: 42rem; margin: 0 auto; padding: 1rem 1.25rem; }
header a { color: inherit; font-weight: 600; text-decoration: none; }
header span { margin-left: .4rem; padding: .1rem .5rem; border-radius: 1rem; background: var(--tag); font-size: .8rem; }
main { background: var(--card); border-block: 1px solid var(--line); padding-block: 1.5rem 2rem; }
footer { color: var(--quiet); font-size: .875rem; }
h1 { margin: 0 0 .5rem; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; }
h1, h2, p, li, td, th, dd { overflow-wrap: anywhere; }
p { margin: .5rem 0; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
a { color: var(--action); }
code { font: .9em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .6rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: normal; }
thead th { color: var(--quiet); font-size: .875rem; }
th code { display: block; }
td:last-child, thead th:last-child { padding-left: 1rem; text-align: right; }
form { margin: 1.5rem 0; }
form:last-child { margin-bottom: 0; }
form > * + * { margin-top: 1rem; }
label { display: block; font-weight: 600; }
label.check { display: flex; gap: .6rem; align-items: baseline; font-weight: normal; }
input[type="checkbox"] { flex: none; width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--action); position: relative; top: .15rem; }
select, textarea {
  display: block; width: 100%; margin-top: .35rem; padding: .6rem .7rem; border: 1px solid var(--field); border-radius: .4rem;
  background: var(--card); color: inherit; font: inherit; text-overflow: ellipsis;
}
textarea { font: .9rem/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; resize: vertical; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; }
button {
  padding: .7rem 1.4rem; border: 1px solid var(--action); border-radius: .4rem; background: var(--action); color: var(--on-action);
  font: inherit; font-weight: 600; cursor: pointer;
}
button:hover { background: var(--action-strong); border-color: var(--action-strong); }
button.second { background: transparent; color: var(--action); }
button.second:hover { background: var(--tag); color: var(--action-strong); }
:focus-visible { outline: 3px solid var(--action); outline-offset: 2px; }
ul.products { margin: 1rem 0 0; padding: 0; list-style: none; }
ul.products li { padding: .75rem 0; border-top: 1px solid var(--line); }
ul.products a { font-weight: 600; }
ul.products span { display: block; }
@media (min-width: 46rem) {
  header, footer { padding-inline: 2.25rem; }
  header { padding-top: 2.5rem; }
  main { border: 1px solid var(--line); border-radius: .75rem; padding: 2rem 2.25rem 2.25rem; }
}
@media (max-width: 28rem) { .actions button { flex: 1 1 100%; } }
`;
