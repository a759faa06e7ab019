/** Checks the flags of `countinghouse serve`: which combinations make sense, and why others are refused. */
import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import {
  awsRequestQuotas,
  type RequestQuota,
  type RuleSetName,
  readTime,
  readWhole,
  TIME_EXPECTED,
} from "@countinghouse/protocol";
import type { ClockSetting } from "./clock.ts";
import type { SharedSettings } from "./domain/shared-settings.ts";
import type { KubernetesSetting } from "./observers/kubernetes/cluster.ts";

/** A setting with which the server cannot run. The message says what was expected. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

type StoreSetting =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly folder: string }
  /** The address may hold a password, so it must not be printed. */
  | { readonly kind: "postgres"; readonly url: string };

export interface ServeConfig {
  readonly host: string;
  readonly port: number;
  readonly store: StoreSetting;
  /** Undefined for the built-in demo. */
  readonly catalogFile: string | undefined;
  /** What the catalogue file says, where that is known already. */
  readonly catalogText?: string | undefined;
  /** A catalogue that is in no file. */
  readonly catalogObject?: object | undefined;
  readonly rules: RuleSetName;
  /** The settings that all servers of one ledger must share. */
  readonly shared: SharedSettings;
  readonly clock: ClockSetting;
  /** Whether a start with a clock behind the newest entry is accepted. */
  readonly acceptNewestEntryAhead: boolean;
  readonly lab: boolean;
  /** By operation; an operation without a quota may be called as often as the server can answer. */
  readonly quotas: Readonly<Record<string, RequestQuota>>;
  /** Whether a month of a demonstration is played after the start. */
  readonly demoData: boolean;
  /** Whether the console is served. */
  readonly console: boolean;
  /** Whether what is printed at the start shows a token that was made. */
  readonly tokenBanner: boolean;
  /** Undefined: the server makes one. */
  readonly operatorToken: string | undefined;
  /** Tokens that may only read, and the names of their readers. */
  readonly viewerTokens: readonly { readonly name: string; readonly token: string }[];
  /** Undefined: the file in the data folder. */
  readonly secretsKeyFile: string | undefined;
  /** For how many days entries and their metering records are kept; undefined for ever. */
  readonly retentionDays: number | undefined;
  /** Undefined: the file in the data folder, or where there is none, checkpoints in memory. */
  readonly checkpointFile: string | undefined;
  /** Whether a start with a ledger whose newest entries are missing is accepted. */
  readonly acceptLostTail: boolean;
  readonly readyFile: string | undefined;
  /** The cluster whose pods are observed; undefined for none. */
  readonly kubernetes: KubernetesSetting | undefined;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** With less free space on the disk, only usage and changes are kept; 0 for no such bound. */
  readonly freeSpaceMinBytes: number;
  readonly requestTimeoutMs: number;
  readonly queuedMax: number;
  /** The proxies that are believed about where a request comes from; undefined for none. */
  readonly trustedProxies: BlockList | undefined;
  /** How many connections one network may hold, and how many requests trusted proxies may forward for it at once. */
  readonly networkConnectionsMax: number;
}

/** The flags as texts, as they were given; `cli/serve.ts` says what each means. */
export interface ServeFlags {
  readonly host: string;
  readonly port: string;
  readonly store: string;
  readonly catalog?: string;
  readonly rules: string;
  readonly clock: string;
  readonly acceptNewestEntryAhead?: boolean | string;
  readonly lab?: boolean | string;
  readonly quotas: string;
  readonly demoData?: boolean | string;
  readonly console?: boolean | string;
  readonly tokenBanner?: boolean | string;
  readonly operatorToken?: string;
  readonly viewerToken?: string | readonly string[];
  readonly secretsKeyFile?: string;
  readonly checkpointFile?: string;
  readonly retentionDays?: string;
  readonly demoOnNetwork?: boolean | string;
  readonly acceptLostTail?: boolean | string;
  readonly readyFile?: string;
  readonly kubernetes?: string;
  readonly kubernetesAccount?: string;
  readonly kubernetesRegion?: string;
  readonly kubernetesNamespace?: string;
  readonly kubernetesSelector?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly freeSpaceMinMib: string;
  readonly requestTimeoutSeconds: string;
  readonly queuedRequestsMax: string;
  readonly trustedProxies?: string | readonly string[];
  readonly networkConnectionsMax?: string;
}

/** Throws ConfigError for a flag that is wrong. */
export function configOf(flags: ServeFlags): ServeConfig {
  const loopback = isLoopback(flags.host);
  const lab = flags.lab === undefined ? loopback : isOn("lab", flags.lab);
  const clock = clockOf(flags.clock);
  if (clock.mode !== "system" && !lab) {
    throw new ConfigError(`--clock ${clock.mode} is for a lab: bind to loopback, or start with --lab.`);
  }
  if (!loopback && flags.catalog === undefined && !isOn("demo-on-network", flags.demoOnNetwork ?? false)) {
    throw new ConfigError(
      `The demo catalogue's keys are published, so it is not served on ${flags.host}: give --catalog FILE, or --demo-on-network if you mean it.`,
    );
  }
  if (flags.operatorToken !== undefined && flags.operatorToken.length < 16) {
    throw new ConfigError("--operator-token must have at least 16 characters.");
  }
  return {
    host: flags.host,
    port: whole("port", flags.port, 0, 65_535),
    store: storeOf(flags),
    catalogFile: flags.catalog,
    rules: rulesOf(flags.rules),
    shared: { rules: rulesOf(flags.rules), clock: clock.mode, quotas: quotasNameOf(flags.quotas) },
    clock,
    acceptNewestEntryAhead: isOn("accept-newest-entry-ahead", flags.acceptNewestEntryAhead ?? false),
    lab,
    quotas: quotasNameOf(flags.quotas) === "aws" ? awsRequestQuotas : {},
    demoData: isOn("demo-data", flags.demoData ?? false),
    console: isOn("console", flags.console ?? true),
    tokenBanner: isOn("token-banner", flags.tokenBanner ?? true),
    operatorToken: flags.operatorToken,
    viewerTokens: viewerTokensOf(flags),
    secretsKeyFile: flags.secretsKeyFile,
    retentionDays: retentionOf(flags),
    checkpointFile: flags.checkpointFile,
    acceptLostTail: isOn("accept-lost-tail", flags.acceptLostTail ?? false),
    readyFile: flags.readyFile,
    kubernetes: kubernetesOf(flags, clock),
    tls: tlsOf(flags),
    freeSpaceMinBytes: whole("free-space-min-mib", flags.freeSpaceMinMib, 0, 1_048_576) * 1_048_576,
    requestTimeoutMs: whole("request-timeout-seconds", flags.requestTimeoutSeconds, 1, 3_600) * 1000,
    queuedMax: whole("queued-requests-max", flags.queuedRequestsMax, 1, 1_000_000),
    trustedProxies: trustedProxiesOf(flags.trustedProxies),
    networkConnectionsMax: whole("network-connections-max", flags.networkConnectionsMax ?? "512", 1, 4_096),
  };
}

/** Names that the trail uses for other principals. */
const TAKEN_NAMES: readonly string[] = ["operator", "buy-page", "unknown"];
const VIEWER_TOKENS_MAX = 100;

/** Each is NAME:TOKEN; in the environment, commas or spaces separate them. */
function viewerTokensOf({ viewerToken, operatorToken }: ServeFlags): ServeConfig["viewerTokens"] {
  const given =
    typeof viewerToken === "string" ? viewerToken.split(/[\s,]+/).filter((text) => text !== "") : viewerToken;
  const tokens = (given ?? []).map((text) => {
    const [, name, token] = /^([A-Za-z0-9._@-]{1,64}):([\u0021-\u007e]{16,256})$/.exec(text) ?? [];
    if (name === undefined || token === undefined) {
      throw new ConfigError(
        "--viewer-token must be NAME:TOKEN: a name of letters, digits and . _ @ -, and a token of 16 to 256 characters without spaces.",
      );
    }
    if (TAKEN_NAMES.includes(name))
      throw new ConfigError(`--viewer-token: ${name} is no name for a reader; it stands for another.`);
    return { name, token };
  });
  if (tokens.length > VIEWER_TOKENS_MAX) throw new ConfigError(`--viewer-token: at most ${VIEWER_TOKENS_MAX} of them.`);
  if (isTwice(tokens.map(({ name }) => name))) throw new ConfigError("--viewer-token: two have the same name.");
  if (isTwice([operatorToken ?? "", ...tokens.map(({ token }) => token)])) {
    throw new ConfigError("--viewer-token: two have the same token, or it is the operator's.");
  }
  return tokens;
}

function isTwice(values: readonly string[]): boolean {
  return new Set(values).size < values.length;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function storeOf(flags: ServeFlags): StoreSetting {
  const { store } = flags;
  if (store === "memory:" || store === "memory") return { kind: "memory" };
  if (store.startsWith("sqlite:") && store.length > "sqlite:".length) return { kind: "sqlite", folder: store.slice(7) };
  if (/^postgres(ql)?:\/\//.test(store)) return postgresOf(flags);
  const shown = store.startsWith("postgres") ? "another text that begins with postgres" : store;
  throw new ConfigError(`--store must be sqlite:FOLDER, postgres://… or memory:; got ${shown}.`);
}

/** Values that a single server makes up for itself must be given to several servers. */
function postgresOf({ store, operatorToken, secretsKeyFile }: ServeFlags): StoreSetting {
  if (operatorToken === undefined) {
    throw new ConfigError("--store postgres://… needs --operator-token: the same for all servers of one ledger.");
  }
  if (secretsKeyFile === undefined) {
    throw new ConfigError("--store postgres://… needs --secrets-key-file: the same key for all servers of one ledger.");
  }
  if (!URL.canParse(store)) throw new ConfigError("--store postgres://… is not a URL that can be read.");
  return { kind: "postgres", url: store };
}

/** CloudTrail, too, shows events for this long. */
const RETENTION_DAYS_MIN = 90;

function retentionOf({ retentionDays, store }: ServeFlags): number | undefined {
  if (retentionDays === undefined) return undefined;
  if (/^memory:?$/.test(store)) throw new ConfigError("--retention-days is for a store that lasts.");
  return whole("retention-days", retentionDays, RETENTION_DAYS_MIN, 36_500);
}

export function rulesOf(text: string): RuleSetName {
  if (text === "classic" || text === "current") return text;
  throw new ConfigError(`--rules must be classic or current; got ${text}.`);
}

export function quotasNameOf(text: string): SharedSettings["quotas"] {
  if (text === "off" || text === "aws") return text;
  throw new ConfigError(`--quotas must be off or aws; got ${text}.`);
}

/** Only the mode is shared: each server has its own start time. */
export function clockModeOf(text: string): SharedSettings["clock"] {
  if (text === "system" || text === "manual" || text === "offset") return text;
  throw new ConfigError(`--clock must be system, manual or offset; got ${text}.`);
}

function clockOf(text: string): ClockSetting {
  const [, mode, iso] = /^(system|manual|offset)(?::(.+))?$/.exec(text) ?? [];
  if (mode === undefined || (mode === "system" && iso !== undefined)) {
    throw new ConfigError(`--clock must be system, manual[:ISO] or offset[:ISO]; got ${text}.`);
  }
  const startMs = iso === undefined ? undefined : readTime(iso);
  if (iso !== undefined && startMs === undefined) {
    throw new ConfigError(`--clock ${mode}:… ${TIME_EXPECTED}; got ${iso}.`);
  }
  return { mode: mode as ClockSetting["mode"], startMs };
}

function kubernetesOf(flags: ServeFlags, clock: ClockSetting): KubernetesSetting | undefined {
  const { kubernetes, kubernetesAccount: accountId, kubernetesRegion: region } = flags;
  const { kubernetesNamespace: namespace, kubernetesSelector: selector } = flags;
  if (kubernetes === undefined) {
    const given = [accountId, region, namespace, selector].some((value) => value !== undefined);
    if (given) throw new ConfigError("--kubernetes-account, -region, -namespace and -selector go with --kubernetes.");
    return undefined;
  }
  if (clock.mode !== "system") {
    throw new ConfigError(
      `--kubernetes needs --clock system: pods run by the time of day, not by a ${clock.mode} clock.`,
    );
  }
  if (accountId === undefined || !/^\d{12}$/.test(accountId)) {
    throw new ConfigError("--kubernetes needs --kubernetes-account: the twelve digits of the buyer's account.");
  }
  if (region === undefined || !/^[a-z]{2,4}(-[a-z]+)+-\d+$/.test(region)) {
    throw new ConfigError("--kubernetes needs --kubernetes-region, such as us-east-1.");
  }
  return { kubeconfig: kubernetes, accountId, region, namespace, selector };
}

/** Networks or single addresses, separated by commas or spaces. */
function trustedProxiesOf(given: ServeFlags["trustedProxies"]): BlockList | undefined {
  const networks = [given ?? []]
    .flat()
    .join(",")
    .split(/[\s,]+/)
    .filter((text) => text !== "");
  if (networks.length === 0) return undefined;
  const trusted = new BlockList();
  for (const network of networks) {
    const [, address = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(network) ?? [];
    const family = isIP(address);
    const bitsMax = family === 4 ? 32 : 128;
    const prefix = Number(bits ?? bitsMax);
    if (family === 0 || address.includes("%") || prefix > bitsMax) {
      throw new ConfigError(
        `--trusted-proxies must be addresses or networks such as 10.0.0.0/8 or fd00::/8; got ${network.slice(0, 100)}.`,
      );
    }
    trusted.addSubnet(address, prefix, family === 4 ? "ipv4" : "ipv6");
  }
  return trusted;
}

function tlsOf(flags: ServeFlags): ServeConfig["tls"] {
  if (flags.tlsCert === undefined && flags.tlsKey === undefined) return undefined;
  if (flags.tlsCert === undefined || flags.tlsKey === undefined) {
    throw new ConfigError("--tls-cert and --tls-key go together.");
  }
  return { cert: textOf("tls-cert", flags.tlsCert), key: textOf("tls-key", flags.tlsKey) };
}

function textOf(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`--${flag}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function whole(flag: string, text: string, min: number, max: number): number {
  const value = readWhole(text, min, max);
  if (value !== undefined) return value;
  throw new ConfigError(`--${flag} must be a whole number from ${min} to ${max}; got ${text}.`);
}

/** A switch is a boolean on the command line, and a text in the environment. */
function isOn(flag: string, value: boolean | string): boolean {
  if (typeof value === "boolean") return value;
  if (["1", "true", "on", "yes"].includes(value.toLowerCase())) return true;
  if (["0", "false", "off", "no", ""].includes(value.toLowerCase())) return false;
  throw new ConfigError(`COUNTINGHOUSE_${flag.toUpperCase().replaceAll("-", "_")} must be on or off; got ${value}.`);
}
