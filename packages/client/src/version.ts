/** The version of the release; all packages share it. */
export const VERSION = "0.1.0";
