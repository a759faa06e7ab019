import { expect, onTestFinished, test } from "vitest";
import { INSTANCE_LISTENERS_MAX, InstanceListeners } from "./instance-listeners.ts";

function newListeners(): { listeners: InstanceListeners; errors: string[] } {
  const errors: string[] = [];
  const listeners = new InstanceListeners({
    respond: (resourceId) => Promise.resolve({ status: 200, headers: {}, body: resourceId }),
    onError: ({ message }) => errors.push(message),
  });
  onTestFinished(() => listeners.close());
  return { listeners, errors };
}

const ids = (count: number): Set<string> => new Set(Array.from({ length: count }, (_, i) => `ec2-${i}`));

test("Rule C9: each instance has a listener of its own, for as long as it runs", async () => {
  const { listeners } = newListeners();
  await listeners.keep(ids(3));
  const endpoints = [...ids(3)].map((id) => listeners.endpointOf(id) ?? "");
  expect(new Set(endpoints).size).toBe(3);
  const answers = await Promise.all(endpoints.map(async (endpoint) => (await fetch(endpoint)).text()));
  expect(answers).toEqual([...ids(3)]);
  await listeners.keep(new Set(["ec2-1"]));
  expect([...ids(3)].map((id) => listeners.endpointOf(id))).toEqual([undefined, endpoints[1], undefined]);
});

test("however many calls come at once, no listener is left behind", async () => {
  const { listeners } = newListeners();
  const calls = Array.from({ length: 20 }, (_, i) => listeners.keep(ids(i % 4)));
  await Promise.all(calls);
  expect([...ids(4)].filter((id) => listeners.endpointOf(id) !== undefined)).toEqual([...ids(3)]);
  const endpoint = listeners.endpointOf("ec2-0") ?? "";
  await listeners.close();
  await listeners.keep(ids(4));
  expect(listeners.endpointOf("ec2-0"), "closed is closed").toBeUndefined();
  await expect(fetch(endpoint)).rejects.toThrow();
});

test("there are so many and no more; whoever goes makes room", async () => {
  const { listeners, errors } = newListeners();
  const tooMany = ids(INSTANCE_LISTENERS_MAX + 2);
  await listeners.keep(tooMany);
  const without = [...tooMany].filter((id) => listeners.endpointOf(id) === undefined);
  expect(without.length).toBe(2);
  expect(errors).toEqual([`No more than ${INSTANCE_LISTENERS_MAX} instances have a metadata service.`]);
  tooMany.delete("ec2-0");
  await listeners.keep(tooMany);
  expect([...tooMany].filter((id) => listeners.endpointOf(id) === undefined).length).toBe(1);
});
