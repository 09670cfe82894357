import config from "./playwright.config.ts";

/** Not a test: finds out what the sign-in form needs of the module (`cargo xtask profile`). */
export default { ...config, testDir: "profile", testMatch: "*.profile.ts", workers: 1 };
