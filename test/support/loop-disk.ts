/**
 * A small disk of a test's own: an ext4 file system in a file. It can be filled, and its power can be cut: the kernel
 * then forgets whatever had not been flushed. Linux and root only.
 */
import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: not even the journal is written any more.
 *
 * The process is stopped just before, for without power nothing runs. It must be: of a flush that is under way when the
 * ioctl comes, the kernel now and then says that it went well, and it did not.
 */
const CUT_POWER = `
  open(F, "<", $ARGV[0]) or die "open: $!";
  my $flags = pack("L", 2);
  !defined($ARGV[1]) or kill("STOP", $ARGV[1]) or die "kill: $!";
  ioctl(F, 0x8004587D, $flags) or die "ioctl: $!";`;

export class LoopDisk {
  /** Where it is mounted, when it is. */
  readonly path: string;
  readonly #folder: string;
  readonly #image: string;
  #mounted = false;

  constructor(megabytes: number) {
    this.#folder = mkdtempSync(join(tmpdir(), "countinghouse-disk-"));
    this.#image = join(this.#folder, "disk.img");
    this.path = join(this.#folder, "mount");
    try {
      mkdirSync(this.path);
      writeFileSync(this.#image, "");
      truncateSync(this.#image, megabytes * 1_048_576);
      // Nothing is set aside for root, which is who fills it.
      run("mkfs.ext4", ["-q", "-F", "-m", "0", this.#image]);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  mount(): void {
    run("mount", ["-o", "loop", this.#image, this.path]);
    this.#mounted = true;
  }

  /** Takes a process that writes to the disk along: it is stopped, for good. */
  cutPower(pid?: number): void {
    run("perl", ["-e", CUT_POWER, this.path, ...(pid === undefined ? [] : [String(pid)])]);
  }

  unmount(): void {
    if (!this.#mounted) return;
    try {
      run("umount", [this.path]);
    } catch {
      run("umount", ["-l", this.path]);
    }
    this.#mounted = false;
  }

  remove(): void {
    this.unmount();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

let probed: { readonly reason: string | undefined } | undefined;

/** Why there are no such disks on this machine; undefined where there are. Says so on standard output. */
export function noLoopDisks(suite: string): string | undefined {
  probed ??= { reason: probe() };
  if (probed.reason !== undefined) process.stdout.write(`${suite}: skipped, ${probed.reason}\n`);
  return probed.reason;
}

function probe(): string | undefined {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "it needs root, to mount a file system of its own";
  let disk: LoopDisk | undefined;
  try {
    disk = new LoopDisk(8);
    disk.mount();
    disk.cutPower();
    return undefined;
  } catch (error) {
    return `it needs loop-mounted ext4 file systems: ${(error as Error).message.trim()}`;
  } finally {
    disk?.remove();
  }
}

function run(program: string, args: readonly string[]): void {
  const options: ExecFileSyncOptions = { stdio: ["ignore", "ignore", "pipe"] };
  execFileSync(program, args, options);
}
