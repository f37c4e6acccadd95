// Nanoseconds of one verification by @phala/dcap-qvl: node peer.js FOLDER ROUNDS, and on standard input lines QUOTE BUNDLE SECONDS. The
// quote is in memory and the bundle's outer JSON is parsed; what the package does with it for each verification is its own.
"use strict";
const fs = require("fs");
const path = require("path");
const peer = require(path.join(process.argv[2], "node_modules/@phala/dcap-qvl"));
const rounds = Number(process.argv[3]);
const cases = fs.readFileSync(0, "utf8").trim().split("\n").map((line) => {
  const [quote, bundle, at] = line.split(" ");
  return { quote: fs.readFileSync(quote), bundle: JSON.parse(fs.readFileSync(bundle, "utf8")), at: Number(at) };
});
const verifier = peer.QuoteVerifier.newProd();

function round() {
  for (const c of cases) verifier.verify(c.quote, c.bundle, c.at);
}

for (let i = 0; i < 3; i++) round(); // let the compiler of JavaScript do its work first
const start = process.hrtime.bigint();
for (let i = 0; i < rounds; i++) round();
console.log((Number(process.hrtime.bigint() - start) / rounds / cases.length).toFixed(0));
