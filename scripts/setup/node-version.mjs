// Imported first: what comes after it needs this version. Keep in step with "engines" in package.json.
const OLDEST_MAJOR = 20;
const OLDEST_MINOR = 19;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_MAJOR || (major === OLDEST_MAJOR && minor < OLDEST_MINOR)) {
  console.error(
    `OpenTA Conversations needs Node ${OLDEST_MAJOR}.${OLDEST_MINOR} or later; this is ${process.versions.node}.`,
  );
  process.exit(1);
}
