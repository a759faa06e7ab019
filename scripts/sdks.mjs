// npm run sdks: installs, beside the workspace, the SDKs through which the wire is tested (test/sdks): 150 MB from npm, which
// nothing else needs. On CI (CI=true) also those that Debian packages: 1.2 GB on disk. What cannot be installed is left out,
// and the suite says so; where Go and its SDKs are on the machine, their programs are built.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installBeside, installDebian, root, run } from "./workspace.mjs";

const DEBIAN = [
  "awscli",
  "golang-go",
  "golang-github-aws-aws-sdk-go-dev",
  "golang-github-aws-aws-sdk-go-v2-dev",
  "php-async-aws-core",
  "php-cli",
  "php-curl",
  "python3-boto3",
  "ruby",
  "ruby-aws-sdk-core",
];
/** Where Debian installs the sources of Go packages. */
const GO_PATH = "/usr/share/gocode";
const GO_SDKS = { v1: "aws-sdk-go", v2: "aws-sdk-go-v2" };

const folder = join(root, "test", "sdks");
process.exitCode = await installBeside(folder, "SDKs for the tests of the wire");
if (process.env.CI === "true") await installDebian(DEBIAN);
for (const version of Object.keys(GO_SDKS)) await buildGo(version);

async function buildGo(version) {
  const sources = ["scenarios.go", `${version}.go`].map((name) => join(folder, "programs", "go", name));
  const built = join(folder, "node_modules", ".built", version);
  const wanted = sources.map((source) => readFileSync(source, "utf8")).join("");
  const stamp = `${built}.sources`;
  if (existsSync(built) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const there = existsSync(join(GO_PATH, "src/github.com/aws", GO_SDKS[version]));
  if (!there || spawnSync("go", ["version"], { stdio: "ignore" }).status !== 0) return;
  console.log(`Building the program for the SDK for Go ${version} …`);
  mkdirSync(join(folder, "node_modules", ".built"), { recursive: true });
  const environment = { GO111MODULE: "off", GOPATH: GO_PATH, GOFLAGS: "" };
  if ((await run("go", ["build", "-o", built, ...sources], environment)) === 0) writeFileSync(stamp, wanted);
}
