// What of each library is loaded by name: its entries, and the platforms that one of them is chosen from.
export const libraries = {
  protocol: { entries: ["index"], keepsModules: true },
  client: {
    entries: ["index", "aws-sdk/index", "batch/index", "testing/index"],
    platforms: ["platform/node", "platform/server-side", "platform/web"],
  },
};
