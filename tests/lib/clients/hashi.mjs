// hashi-vault-js's own tests without jest, of which they use little. Usage: node hashi.mjs FILE...; the
// environment is what the files ask for. TAP on standard output.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

let tests = [];
let n = 0;

globalThis.test = (name, run) => tests.push([name, run]);
globalThis.expect = (found) => ({
    toBeDefined() {
        if (found === undefined) throw new Error('expected a value, found undefined');
    },
    toMatchObject(members) {
        for (const [name, value] of Object.entries(members))
            if (found[name] !== value) throw new Error(`expected ${name} ${value}, found ${found[name]}`);
    },
});
globalThis.orphanBtoken = ''; // one of the files assigns it without declaring it
globalThis.describe = (name, run) => run();
globalThis.jest = { setTimeout() {} };
console.log = () => {};

const say = (line) => process.stdout.write(`${line}\n`);

for (const file of process.argv.slice(2)) {
    tests = [];
    await import(pathToFileURL(file).href);
    for (const [name, run] of tests) {
        const title = `${path.basename(file, '.test.js')}: ${name.split(':')[0]}`;
        try {
            await run();
            say(`ok ${++n} - ${title}`);
        } catch (error) {
            const { response } = error;
            const said = `${error.message} ${response ? JSON.stringify(response.data || response) : ''} ${JSON.stringify(error)}`.slice(0, 500);
            say(`not ok ${++n} - ${title}\n# ${said.replace(/\n/g, ' ')}`);
        }
    }
}
say(`1..${n}`);
process.exit(0);
