// On CI (CI=true): installs the shells that completion is tested in, from Debian (40 MB). Elsewhere, those that are there are used.
import { installDebian } from "./workspace.mjs";

if (process.env.CI === "true") await installDebian(["fish", "zsh"]);
