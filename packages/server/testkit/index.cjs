// For require(): the ES module, as Node itself loads it. A runner that puts its own require() in the place of Node's, as Jest
// does, cannot load ES modules by it; and the server would be loaded anew for each file of tests.
const { createRequire } = process.getBuiltinModule("node:module");
module.exports = createRequire(__filename)("../dist/testkit/index.js");
