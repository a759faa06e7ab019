// What of each library is loaded by name: its entries, the platforms that one of them is chosen from, and what its command runs.
export const libraries = {
  protocol: { entries: ["index"], keepsModules: true },
  client: {
    entries: ["index", "aws-sdk/index", "batch/index", "testing/index"],
    platforms: ["platform/node", "platform/server-side", "platform/web"],
  },
  outbox: { entries: ["index", "sqlite", "postgres"], programs: ["main"] },
};
