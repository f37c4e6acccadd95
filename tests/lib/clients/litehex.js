// @litehex/node-vault against a server; its own schemas (zod) refuse answers of another shape. Usage: node litehex.js URL ROOT-TOKEN
'use strict';

const { Client } = require('@litehex/node-vault');

const [endpoint, token] = process.argv.slice(2);
const vc = new Client({ endpoint, token });
const text = Buffer.from('hello').toString('base64');
const key = { mountPath: 'lt', name: 'k' };
let last; // the data of the answer before

// Left out: hostInfo, queryCapabilities and the audit devices, whose schemas no Vault can meet (true for an object, no body).
const steps = [
    ['sealStatus', () => vc.sealStatus(), (d) => d.sealed === false],
    ['initialized', () => vc.initialized(), (d) => d.initialized === true],
    ['health', () => vc.health(), (d) => d.initialized === true],
    ['startRootGeneration', () => vc.startRootGeneration({ otp: 'x'.repeat(28) }), (d) => d.started],
    ['getRootGenerationProgress', () => vc.getRootGenerationProgress(), (d) => d.started],
    ['cancelRootGeneration', () => vc.cancelRootGeneration()],
    ['mount kv-v2', () => vc.mount({ mountPath: 'lh', type: 'kv-v2' })],
    ['mount kv', () => vc.mount({ mountPath: 'l1', type: 'kv' })],
    ['mounts', () => vc.mounts(), (d) => d.data['lh/'].options.version === '2'],
    ['engineInfo', () => vc.engineInfo({ mountPath: 'lh' }), (d) => d.data.type === 'kv'],
    ['tuneMount', () => vc.tuneMount({ mountPath: 'l1', default_lease_ttl: 3600 })],
    ['tune', () => vc.tune({ mountPath: 'l1' }), (d) => d.default_lease_ttl === 3600],
    ['kv2.config', () => vc.kv2.config({ mountPath: 'lh', max_versions: 5, cas_required: false })],
    ['kv2.readConfig', () => vc.kv2.readConfig({ mountPath: 'lh' }), (d) => d.data.max_versions === 5],
    ['kv2.write', () => vc.kv2.write({ mountPath: 'lh', path: 's', data: { a: 'b' } }), (d) => d.data.version === 1],
    ['kv2.read', () => vc.kv2.read({ mountPath: 'lh', path: 's' }), (d) => d.data.data.a === 'b'],
    ['kv2.patch', () => vc.kv2.patch({ mountPath: 'lh', path: 's', data: { c: 'd' } }), (d) => d.data.version === 2],
    ['kv2.subKeys', () => vc.kv2.subKeys({ mountPath: 'lh', path: 's' }), (d) => d.data.subkeys.c === null],
    ['kv2.list', () => vc.kv2.list({ mountPath: 'lh', path: '' }), (d) => d.data.keys[0] === 's'],
    ['kv2.deleteLatest', () => vc.kv2.deleteLatest({ mountPath: 'lh', path: 's' })],
    ['kv2.undelete', () => vc.kv2.undelete({ mountPath: 'lh', path: 's', versions: [2] })],
    ['kv2.delete', () => vc.kv2.delete({ mountPath: 'lh', path: 's', versions: [1] })],
    ['kv2.destroy', () => vc.kv2.destroy({ mountPath: 'lh', path: 's', versions: [1] })],
    ['kv2.writeMetadata', () => vc.kv2.writeMetadata({ mountPath: 'lh', path: 's', max_versions: 3, custom_metadata: { x: 'y' } })],
    ['kv2.patchMetadata', () => vc.kv2.patchMetadata({ mountPath: 'lh', path: 's', custom_metadata: { z: 'w' } })],
    ['kv2.readMetadata', () => vc.kv2.readMetadata({ mountPath: 'lh', path: 's' }), (d) => d.data.versions['1'].destroyed],
    ['kv2.deleteMetadata', () => vc.kv2.deleteMetadata({ mountPath: 'lh', path: 's' })],
    ['kv.write', () => vc.kv.write({ mountPath: 'l1', path: 's', data: { a: 'b' } })],
    ['kv.read', () => vc.kv.read({ mountPath: 'l1', path: 's' }), (d) => d.data.a === 'b'],
    ['kv.list', () => vc.kv.list({ mountPath: 'l1', path: '' }), (d) => d.data.keys[0] === 's'],
    ['kv.delete', () => vc.kv.delete({ mountPath: 'l1', path: 's' })],
    ['unmount', () => vc.unmount({ mountPath: 'l1' })],
    ['transit.enable', () => vc.mount({ mountPath: 'lt', type: 'transit' })],
    ['transit.createKey', () => vc.transit.createKey({ ...key, exportable: true, allow_plaintext_backup: true })],
    ['transit.readKey', () => vc.transit.readKey(key), (d) => d.data.name === 'k'],
    ['transit.listKeys', () => vc.transit.listKeys({ mountPath: 'lt' }), (d) => d.data.keys[0] === 'k'],
    ['transit.encrypt', () => vc.transit.encrypt({ ...key, plaintext: text }), (d) => d.data.ciphertext.startsWith('vault:v1:')],
    ['transit.decrypt', () => vc.transit.decrypt({ ...key, ciphertext: last.data.ciphertext }), (d) => d.data.plaintext === text],
    ['transit.rotateKey', () => vc.transit.rotateKey(key)],
    ['transit.hash', () => vc.transit.hash({ mountPath: 'lt', algorithm: 'sha2-256', input: text }), (d) => d.data.sum.length === 64],
    ['transit.generateDataKey', () => vc.transit.generateDataKey({ ...key, type: 'plaintext' }), (d) => d.data.plaintext],
    ['transit.exportKey', () => vc.transit.exportKey({ ...key, type: 'encryption-key' }), (d) => d.data.keys['2']],
    ['transit.backupKey', () => vc.transit.backupKey(key), (d) => d.data.backup],
    ['transit.updateKey', () => vc.transit.updateKey({ ...key, deletion_allowed: true })],
    ['transit.deleteKey', () => vc.transit.deleteKey(key)],
];

async function main() {
    let n = 0;
    for (const [name, call, look] of steps) {
        let wrong = '';
        try {
            const owner = name.includes('.') ? vc[name.split('.')[0]] : vc;
            const method = name.includes('.') ? name.split('.')[1] : name.split(' ')[0];
            if (!owner || typeof owner[method] !== 'function') throw new Error(`the client has no ${name}: ${Object.keys(owner || vc)}`);
            const { data, error } = await call();
            if (error) wrong = JSON.stringify(error.message || error);
            else if (look && !look(data)) wrong = `found ${JSON.stringify(data)}`;
            last = data;
        } catch (error) {
            wrong = error.message;
        }
        console.log(wrong ? `not ok ${++n} - ${name}\n# ${wrong.replace(/\n/g, ' ')}` : `ok ${++n} - ${name}`);
    }
    console.log(`1..${n}`);
}

main();
