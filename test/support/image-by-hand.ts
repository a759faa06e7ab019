/**
 * The steps of a Dockerfile, done by hand: no container engine is needed, and none of its own behaviour is shown. Each stage is
 * a layer over this machine's root, with the pinned Node in the place of the base image's; `RUN` runs in it as root, and the
 * last stage can be started as an engine would: as its user, with the root file system only read. Linux and root only.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, matchesGlob, relative } from "node:path";
import { DockerfileParser, type Copy, type Instruction } from "dockerfile-ast";

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export function stagesOf(dockerfile: string): Stage[] {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    const words = instruction.getArguments().map((argument) => argument.getValue());
    if (instruction.getKeyword() === "FROM")
      stages.push({ name: words[2] ?? "", base: words[0] ?? "", instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

/** Why it cannot be done here, if it cannot. */
export function whyNotByHand(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "it takes root, on Linux";
  try {
    execFileSync("unshare", ["--mount", "--net", "ip", "link", "set", "lo", "up"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n", 1)[0];
  }
}

export class ImageByHand {
  readonly #folder: string;
  readonly #context: string;
  readonly #stages: readonly Stage[];

  constructor(folder: string, context: string) {
    this.#folder = folder;
    this.#context = context;
    this.#stages = stagesOf(readFileSync(join(context, "Dockerfile"), "utf8"));
  }

  /** All stages, one after the other. Whatever a step prints is in the error, where it fails. */
  build(): void {
    for (const [i, stage] of this.#stages.entries()) {
      const upper = this.#upperOf(i);
      mkdirSync(join(upper, "usr/local/bin"), { recursive: true });
      mkdirSync(`${upper}.work`);
      mkdirSync(`${upper}.root`);
      cpSync(process.execPath, join(upper, "usr/local/bin/node"));
      let workdir = "/";
      for (const instruction of stage.instructions) {
        const words = instruction.getArguments().map((argument) => argument.getValue());
        if (instruction.getKeyword() === "WORKDIR") {
          workdir = words[0] ?? "/";
          mkdirSync(join(upper, workdir), { recursive: true });
        }
        if (instruction.getKeyword() === "COPY") this.#copy(i, workdir, instruction as Copy, words);
        if (instruction.getKeyword() === "RUN") {
          const command = instruction.getRawArgumentsContent() ?? "";
          this.#inside(i, `exec chroot "$ROOT" sh -ec ${quoted(`cd ${workdir}; ${command}`)}`);
        }
      }
    }
  }

  /**
   * The last stage as it is started: as its user, with its environment and command, and `volumes` (a path inside, by one
   * outside) as all that can be written to, besides `/tmp`; `files` are mounted to be read. It has a network of its own.
   */
  start(how: {
    readonly volumes: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
  }): ByHand {
    const last = this.#stages.length - 1;
    const image = this.#imageOf(this.#stages[last] as Stage);
    const upper = this.#upperOf(last);
    for (const inside of Object.keys(how.volumes)) mkdirSync(join(upper, inside), { recursive: true });
    for (const inside of Object.keys(how.files ?? {})) {
      mkdirSync(dirname(join(upper, inside)), { recursive: true });
      writeFileSync(join(upper, inside), "", { flag: "a" });
    }
    const mounted = [...Object.entries(how.volumes), ...Object.entries(how.files ?? {})];
    const binds = mounted.map(([inside, outside]) => `mount --bind ${quoted(outside)} "$ROOT"${quoted(inside)}`);
    const env = Object.entries({ PATH, ...image.env, ...how.env }).map(([name, value]) => quoted(`${name}=${value}`));
    const command = [...image.entrypoint, ...(how.args ?? image.command)].map(quoted).join(" ");
    const script = [
      this.#mounts(last),
      "ip link set lo up",
      'mount -t tmpfs tmpfs "$ROOT/tmp"',
      ...binds,
      'mount -o remount,ro "$ROOT"',
      `exec chroot --userspec=${image.user} "$ROOT" env --ignore-environment --chdir=${image.workdir} ${env.join(" ")} ${command}`,
    ].join("\n");
    const child = spawn("unshare", ["--mount", "--net", "bash", "-ec", script], { stdio: ["ignore", "pipe", "pipe"] });
    return new ByHand(child, image.user, image.healthcheck);
  }

  #imageOf({ instructions }: Stage) {
    const words = (keyword: string): string[] => instructions.filter((one) => one.getKeyword() === keyword).flatMap((one) => one.getArguments().map((argument) => argument.getValue())); // prettier-ignore
    const list = (keyword: string): string[] => {
      const text = instructions.find((one) => one.getKeyword() === keyword)?.getArgumentsContent() ?? "[]";
      return JSON.parse(text.slice(text.indexOf("["))) as string[];
    };
    return {
      env: Object.fromEntries(words("ENV").map((word) => word.split("=", 2))) as Readonly<Record<string, string>>,
      user: words("USER")[0] ?? "0:0",
      workdir: words("WORKDIR")[0] ?? "/",
      entrypoint: list("ENTRYPOINT"),
      command: list("CMD"),
      healthcheck: list("HEALTHCHECK"),
    };
  }

  #upperOf(stage: number): string {
    return join(this.#folder, `stage-${stage}`);
  }

  /** `from` another stage, or from the context, but for what `.dockerignore` names. */
  #copy(stage: number, workdir: string, copy: Copy, [source = "", target = ""]: readonly string[]): void {
    const flags = copy.getFlags();
    const from = flags.find((flag) => flag.getName() === "from")?.getValue();
    const owner = flags.find((flag) => flag.getName() === "chown")?.getValue();
    const to = join(this.#upperOf(stage), target.startsWith("/") ? target : join(workdir, target));
    if (from === undefined || from === null) {
      const ignored = readFileSync(join(this.#context, ".dockerignore"), "utf8").split("\n").filter((line) => line !== ""); // prettier-ignore
      const filter = (path: string): boolean => {
        const inside = relative(this.#context, path);
        return !ignored.some((pattern) => matchesGlob(inside, pattern));
      };
      cpSync(join(this.#context, source), to, { recursive: true, filter, verbatimSymlinks: true });
      return;
    }
    const other = this.#stages.findIndex(({ name }) => name === from);
    execFileSync("cp", ["--archive", "--no-target-directory", join(this.#upperOf(other), source), to]);
    if (owner !== undefined && owner !== null) execFileSync("chown", ["--recursive", owner, to]);
  }

  /** A script with the stage's root at `$ROOT`; what was installed here already is there as well, so that nothing is installed twice. */
  #inside(stage: number, script: string): void {
    execFileSync("unshare", ["--mount", "bash", "-ec", `${this.#mounts(stage)}\n${script}`], { stdio: "pipe" });
  }

  #mounts(stage: number): string {
    const upper = this.#upperOf(stage);
    const installed = join(this.#context, "node_modules");
    const there = join(upper, "source");
    const lines = [
      `ROOT=${quoted(`${upper}.root`)}`,
      `mount -t overlay overlay -o lowerdir=/,upperdir=${upper},workdir=${upper}.work "$ROOT"`,
      `mount --bind /proc "$ROOT/proc"`,
      `mount --bind /dev "$ROOT/dev"`,
    ];
    if (existsSync(there)) {
      mkdirSync(join(there, basename(installed)), { recursive: true });
      lines.push(`mount --bind ${quoted(installed)} "$ROOT/source/node_modules"`);
    }
    return lines.join("\n");
  }
}

/** A stage that runs. */
class ByHand {
  readonly #child: ChildProcess;
  readonly #user: string;
  readonly #healthcheck: readonly string[];
  #output = "";
  /** Its exit code. */
  readonly ended: Promise<number | null>;

  constructor(child: ChildProcess, user: string, healthcheck: readonly string[]) {
    this.#child = child;
    this.#user = user;
    this.#healthcheck = healthcheck;
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (this.#output += chunk.toString())); // prettier-ignore
    this.ended = new Promise((resolve) => child.once("close", resolve));
  }

  output(): string {
    return this.#output;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  isHealthy(): boolean {
    return this.run(this.#healthcheck).status === 0;
  }

  /** Another program inside, as the same user. */
  run([program = "", ...args]: readonly string[]): { readonly status: number | null; readonly output: string } {
    const [uid = "", gid = ""] = this.#user.split(":");
    const into = ["--target", String(this.#child.pid), "--mount", "--net", "--root", "--wd=/", "--setuid", uid, "--setgid", gid]; // prettier-ignore
    const { status, stdout, stderr } = spawnSync("nsenter", [...into, program, ...args], { encoding: "utf8", env: { PATH } }); // prettier-ignore
    return { status, output: stdout + stderr };
  }
}

const PATH = "/usr/local/bin:/usr/bin:/bin";

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
