/**
 * A small disk for a test: an ext4 file system in a file. A test can fill it, and cut its power: the kernel then forgets
 * everything that had not been flushed. For Linux and root only.
 */
import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: not even the journal is written any more.
 *
 * The process is stopped just before, because without power nothing runs. This is necessary: if a flush is under way when the
 * ioctl comes, the kernel sometimes says that the flush succeeded although it did not.
 */
const CUT_POWER = `
  open(F, "<", $ARGV[0]) or die "open: $!";
  my $flags = pack("L", 2);
  !defined($ARGV[1]) or kill("STOP", $ARGV[1]) or die "kill: $!";
  ioctl(F, 0x8004587D, $flags) or die "ioctl: $!";`;

export class LoopDisk {
  /** Where the disk is mounted, while it is. */
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
      // No room is reserved for root, because root fills the disk.
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

  /** First stops, for good, the process that writes to the disk. */
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

/** Why this machine cannot have such disks, which is also printed; undefined where it can. */
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
