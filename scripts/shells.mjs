// On CI (CI=true), installs the shells for tests of completion from Debian (40 MB). Elsewhere tests use the shells that are
// there.
import { installDebian } from "./workspace.mjs";

if (process.env.CI === "true") await installDebian(["fish", "zsh"]);
