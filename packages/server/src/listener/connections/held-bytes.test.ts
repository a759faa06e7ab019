import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BIG_BYTES_MAX, HeldBytes, SMALL_BYTES_MAX } from "./held-bytes.ts";
import { Networks, type Network } from "./networks.ts";

const big = (of: readonly number[]): number => of.filter((bytes) => bytes > SMALL_BYTES_MAX).reduce((a, b) => a + b, 0);

/** Bodies and answers of three networks grow and go in any order; the expected result is computed by adding up. */
test("small ones always have room, big ones within the bound, and no network has more than half of it", () => {
  const size = fc.oneof(fc.nat({ max: 2 * SMALL_BYTES_MAX }), fc.nat({ max: BIG_BYTES_MAX / 8 }));
  const step = fc.record({ network: fc.nat({ max: 2 }), one: fc.nat({ max: 11 }), bytes: size });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const networks = new Networks();
      const held = new HeldBytes(networks);
      const known: Network[] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => networks.of(address));
      const sizes = known.map(() => Array<number>(12).fill(0));
      for (const { network, one, bytes } of steps) {
        const own = sizes[network] as number[];
        const before = own[one] as number;
        const after = own.with(one, bytes);
        const grows = big(after) > big(own);
        const fits =
          big(after) <= BIG_BYTES_MAX / 2 &&
          big(sizes.flatMap((of, i) => (i === network ? after : of))) <= BIG_BYTES_MAX;
        expect(held.resize(known[network] as Network, before, bytes)).toBe(!grows || fits);
        if (!grows || fits) own[one] = bytes;
        expect(held.bytes).toBe(sizes.flat().reduce((a, b) => a + b, 0));
      }
      for (const [i, own] of sizes.entries()) for (const bytes of own) held.resize(known[i] as Network, bytes, 0);
      expect(held.bytes).toBe(0);
    }),
  );
});
