// Takes the `funding` entries out of an npm lock file: with `omit-lockfile-registry-resolved` (.npmrc) they are
// the only addresses npm writes, and `npm ci` does not need them.
import { readFileSync, writeFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
const lock = JSON.parse(readFileSync(file, 'utf8'));
for (const entry of Object.values(lock.packages)) delete entry.funding;

const text = JSON.stringify(lock, null, 2) + '\n';
if (/https?:\/\//.test(text)) throw new Error(`${file} still contains an address`);
writeFileSync(file, text);
