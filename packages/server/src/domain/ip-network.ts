/** Addresses and networks of IPv4 and IPv6, read from text. An IPv4 address written as IPv6 counts as IPv4. */

interface IpAddress {
  /** How many bits the address's family has. */
  readonly bits: 32 | 128;
  readonly value: bigint;
}

interface IpNetwork extends IpAddress {
  /** How many leading bits belong to the network. */
  readonly prefixBits: number;
}

/** The length of the longest text of an address. */
const ADDRESS_CHARACTERS_MAX = 45;
/** The IPv6 network that stands for IPv4: ::ffff:0:0/96. */
const MAPPED = { value: 0xffffn, prefixBits: 96 };

/** Undefined for a text that is no address, and for an address with a zone. */
export function readIpAddress(text: string): IpAddress | undefined {
  const network = readIpNetwork(text);
  return text.includes("/") ? undefined : network;
}

/** Reads CIDR notation, such as 203.0.113.0/24. A single address is a network of one address. */
export function readIpNetwork(text: string): IpNetwork | undefined {
  const [, address = "", prefix] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  if (address.length > ADDRESS_CHARACTERS_MAX) return undefined;
  const bits = address.includes(":") ? 128 : 32;
  const value = bits === 128 ? ipv6Value(address) : ipv4Value(address);
  const prefixBits = prefix === undefined ? bits : Number(prefix);
  if (value === undefined || prefixBits > bits) return undefined;
  if (bits === 128 && prefixBits >= MAPPED.prefixBits && value >> 32n === MAPPED.value) {
    return { bits: 32, value: BigInt.asUintN(32, value), prefixBits: prefixBits - MAPPED.prefixBits };
  }
  return { bits, value, prefixBits };
}

/** Ignores the bits of the network's address behind its prefix. */
export function isWithin(address: IpAddress, network: IpNetwork): boolean {
  if (address.bits !== network.bits) return false;
  return (address.value ^ network.value) >> BigInt(network.bits - network.prefixBits) === 0n;
}

function ipv4Value(text: string): bigint | undefined {
  const parts = text.split(".");
  // A part with a leading zero would be octal in other programs.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

const GROUPS = 8;

function ipv6Value(text: string): bigint | undefined {
  const halves = text.split("::");
  const [before, after] = [groupsOf(halves[0] ?? ""), groupsOf(halves[1] ?? "")];
  if (halves.length > 2 || before === undefined || after === undefined) return undefined;
  const left = GROUPS - before.length - after.length;
  if (halves.length === 1 ? left !== 0 : left < 1) return undefined;
  // Only the last groups may be written as IPv4.
  if (halves.length === 2 && (halves[0] ?? "").includes(".")) return undefined;
  return [...before, ...Array<bigint>(left).fill(0n), ...after].reduce((value, group) => (value << 16n) | group, 0n);
}

/** Groups of 16 bits; the last two may be written as an IPv4 address. */
function groupsOf(text: string): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    const ipv4 = i === parts.length - 1 && part.includes(".") ? ipv4Value(part) : undefined;
    if (ipv4 !== undefined) groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}
