/** The SDKs that the wire is tested through: the program that stands for each, where it can be had, and what it cannot do. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What tests ask of an SDK, beside the main job. */
export type Ability =
  /** To meter by licence: SDKs from before 2025 have no such member. */
  | "licences"
  /** To send again after a throttle, and after an answer that never came. */
  | "retries"
  | "container credentials"
  | "instance credentials"
  | "web identity";

export interface Sdk {
  readonly name: string;
  /** A name that fits into product codes. */
  readonly key: string;
  /** What CI has. Elsewhere it may be another. */
  readonly version: string;
  readonly protocol?: "rpc-v2-cbor";
  readonly command: readonly string[];
  /** What it cannot do, and why. */
  readonly cannot: Partial<Readonly<Record<Ability, string>>>;
  /** Why it cannot be run here. */
  readonly whyNot: string | undefined;
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = (name: string): string => pathOf(`programs/${name}`);
const BY_NPM = "npm run sdks installs it";
const BY_DEBIAN = "Debian packages it, and CI=true npm run sdks installs it";
const NO_LICENCES = "from before licences";
const NO_STS_ENDPOINT = "cannot be told where STS is";

const fileMissing = (path: string, remedy: string): string | undefined =>
  existsSync(path) ? undefined : `${path} is missing: ${remedy}`;
const packageMissing = (name: string): string | undefined => fileMissing(pathOf(`node_modules/${name}`), BY_NPM);

/** Whether the command ends well, and prints what it should. */
function commandFails(command: string, args: readonly string[], printed: RegExp, remedy: string): string | undefined {
  const { status, stdout, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0 && printed.test(stdout)) return undefined;
  return `${command} ${args.join(" ")}: ${error?.message ?? `exit code ${status}, ${stdout.trim()}`}; ${remedy}`;
}

const python = (command: string, name: string, version: RegExp, remedy: string): string | undefined =>
  commandFails(command, ["-c", `import ${name}; print(${name}.__version__)`], version, remedy);
const awsCli = (command: string, version: RegExp, remedy: string): string | undefined =>
  python(command, "awscli", version, remedy);

const javaScript = [process.execPath, program("javascript-v3.mjs"), "current"];
const boto3 = {
  command: ["python3", program("boto3_program.py")],
  // Protocols other than the model's first came with 1.36.
  whyNot: python("python3", "boto3", /^1\.(3[6-9]|[4-9]\d)\./, "a current boto3 is not installed"),
};

export const SDKS: readonly Sdk[] = [
  { name: "JavaScript v3", key: "js3", version: "3.1138.0", command: javaScript, cannot: {}, whyNot: undefined },
  {
    name: "JavaScript v3 in CBOR",
    key: "js3-cbor",
    version: "3.1138.0",
    protocol: "rpc-v2-cbor",
    command: javaScript,
    cannot: {},
    whyNot: undefined,
  },
  {
    name: "JavaScript v3 of 2023",
    key: "js3-2023",
    version: "3.370.0",
    command: [process.execPath, program("javascript-v3.mjs"), "of-2023"],
    cannot: { licences: NO_LICENCES, "web identity": NO_STS_ENDPOINT },
    whyNot: packageMissing("client-marketplace-metering-of-2023"),
  },
  {
    name: "JavaScript v2",
    key: "js2",
    version: "2.1693.0",
    command: [process.execPath, program("javascript-v2.mjs")],
    cannot: { licences: NO_LICENCES },
    whyNot: packageMissing("aws-sdk"),
  },
  {
    name: "aws4fetch",
    key: "aws4fetch",
    version: "1.0.20",
    command: [process.execPath, program("aws4fetch.mjs")],
    cannot: {
      retries: "repeats 5xx and 429 only",
      "container credentials": "takes keys only",
      "instance credentials": "takes keys only",
      "web identity": "takes keys only",
    },
    whyNot: packageMissing("aws4fetch"),
  },
  { name: "boto3", key: "boto3", version: "1.43.11", ...boto3, cannot: {} },
  { name: "boto3 in CBOR", key: "boto3-cbor", version: "1.43.11", protocol: "rpc-v2-cbor", ...boto3, cannot: {} },
  {
    name: "boto3 of 2022",
    key: "boto3-2022",
    version: "1.26.27",
    command: ["/usr/bin/python3", program("boto3_program.py")],
    cannot: { licences: NO_LICENCES, "web identity": NO_STS_ENDPOINT },
    whyNot: python("/usr/bin/python3", "boto3", /^1\.26\./, BY_DEBIAN),
  },
  {
    name: "AWS CLI v1",
    key: "cli1",
    version: "1.45.11",
    command: ["python3", program("aws_cli_program.py")],
    cannot: {},
    whyNot: awsCli("python3", /^1\.4/, "a current AWS CLI v1 is not installed"),
  },
  {
    name: "AWS CLI v2 of 2023",
    key: "cli2",
    version: "2.9.19",
    command: ["/usr/bin/python3", program("aws_cli_program.py")],
    cannot: {
      licences: NO_LICENCES,
      "instance credentials": "needs a slash at the end of AWS_EC2_METADATA_SERVICE_ENDPOINT",
      "web identity": NO_STS_ENDPOINT,
    },
    whyNot: awsCli("/usr/bin/python3", /^2\.9\./, BY_DEBIAN),
  },
  {
    name: "Go v1",
    key: "go1",
    version: "1.44.133",
    command: [pathOf("node_modules/.built/v1")],
    cannot: { licences: NO_LICENCES },
    whyNot: fileMissing(pathOf("node_modules/.built/v1"), BY_DEBIAN),
  },
  {
    name: "Go v2",
    key: "go2",
    version: "1.17.1",
    command: [pathOf("node_modules/.built/v2")],
    cannot: { licences: NO_LICENCES },
    whyNot: fileMissing(pathOf("node_modules/.built/v2"), BY_DEBIAN),
  },
  {
    name: "Ruby",
    key: "ruby",
    version: "core 3.168.1",
    command: ["ruby", program("aws_sdk_program.rb")],
    cannot: { "container credentials": "from before AWS_CONTAINER_CREDENTIALS_FULL_URI" },
    whyNot: commandFails("ruby", ["-e", 'require "aws-sdk-core"; print Aws::CORE_GEM_VERSION'], /^3\./, BY_DEBIAN),
  },
  {
    name: "AsyncAws (PHP)",
    key: "php",
    version: "core 1.18.1",
    command: ["php", program("async_aws_program.php")],
    cannot: {
      "container credentials": "asks ECS's own address only",
      "instance credentials": "asks EC2's own address only",
      "web identity": NO_STS_ENDPOINT,
    },
    whyNot:
      fileMissing("/usr/share/php/AsyncAws/Core/autoload.php", BY_DEBIAN) ??
      commandFails("php", ["-m"], /^curl$/m, BY_DEBIAN),
  },
];
