/** One attack on one server, while others go on asking the server, and its figures are read. */
import { setTimeout as delay } from "node:timers/promises";
import { cpuMsOf, memoryMiBOf } from "../machine.ts";
import type { Attack, Scale, Target } from "./attack.ts";
import { bystander, type Heard } from "./bystander.ts";

export interface Round {
  readonly attack: string;
  readonly sentBytes: number;
  readonly opened: number;
  /** How many of the opened connections the server ended before the attack was lifted. */
  readonly ended: number;
  /** The highest figures in the server's metrics. */
  readonly connectionsMost: number;
  readonly heldBytesMost: number;
  readonly memoryMiBBefore: number;
  readonly memoryMiBMost: number;
  /** Processor time of the server during the attack; about half a second of it is for the other callers. */
  readonly cpuMs: number;
  /** What the server counted during the attack. */
  readonly displaced: number;
  readonly refused: number;
  readonly abandoned: number;
  /** A caller from another address, and one from the attacker's own address. */
  readonly other: Heard;
  readonly neighbour: Heard;
}

export interface Besieged extends Target {
  readonly pid: number;
}

const LOOK_MS = 100;

export async function besiege(target: Besieged, attack: Attack, scale: Scale): Promise<Round> {
  await attack.prepare?.(target);
  const before = await figuresOf(target.endpoint);
  const memoryMiBBefore = memoryMiBOf(target.pid, "VmRSS") ?? 0;
  const cpuMsBefore = cpuMsOf(target.pid) ?? 0;
  const most = { connections: 0, heldBytes: 0, memoryMiB: 0 };
  const other = bystander(target.endpoint, "127.0.0.2");
  const neighbour = bystander(target.endpoint, "127.0.0.1");
  const standing = await attack.begin(target, scale);
  const endsAtMs = performance.now() + scale.seconds * 1_000;
  while (performance.now() < endsAtMs) {
    const { connections, heldBytes } = await figuresOf(target.endpoint);
    most.connections = Math.max(most.connections, connections);
    most.heldBytes = Math.max(most.heldBytes, heldBytes);
    most.memoryMiB = Math.max(most.memoryMiB, memoryMiBOf(target.pid, "VmRSS") ?? 0);
    await delay(LOOK_MS);
  }
  const cpuMs = (cpuMsOf(target.pid) ?? 0) - cpuMsBefore;
  const [otherHeard, neighbourHeard] = await Promise.all([other.stop(), neighbour.stop()]);
  const [opened, ended, sentBytes] = [standing.opened(), standing.ended(), standing.sentBytes()];
  standing.lift();
  const after = await figuresOf(target.endpoint);
  return {
    attack: attack.name,
    sentBytes,
    opened,
    ended,
    connectionsMost: most.connections,
    heldBytesMost: most.heldBytes,
    memoryMiBBefore,
    memoryMiBMost: most.memoryMiB,
    cpuMs,
    displaced: after.displaced - before.displaced,
    refused: after.refused - before.refused,
    abandoned: after.abandoned - before.abandoned,
    other: otherHeard,
    neighbour: neighbourHeard,
  };
}

interface Figures {
  readonly connections: number;
  readonly heldBytes: number;
  readonly displaced: number;
  readonly refused: number;
  readonly abandoned: number;
}

/** Undefined figures where the server does not answer, or does not count them. */
async function figuresOf(endpoint: string): Promise<Figures> {
  const text = await fetch(`${endpoint}/metrics`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.text(),
    () => "",
  );
  const figure = (name: string): number =>
    Number(new RegExp(`^countinghouse_${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
  return {
    connections: figure("connections"),
    heldBytes: figure("held_bytes"),
    displaced: figure("displaced_connections_total"),
    refused: figure("refused_connections_total"),
    abandoned: figure("abandoned_answers_total"),
  };
}
