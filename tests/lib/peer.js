// Verifies with @phala/dcap-qvl what standard input names, a line of JSON each: {quote, collateral, root, at}, files and seconds. Answers a
// line of JSON each: {status, advisories} or {error}. Its package is in the folder of the first argument.
"use strict";
const fs = require("fs");
const path = require("path");
const crypto = require("crypto");
const readline = require("readline");
const peer = require(path.join(process.argv[2], "node_modules/@phala/dcap-qvl"));

function judge(line) {
  const { quote, collateral, root, at } = JSON.parse(line);
  const bundle = JSON.parse(fs.readFileSync(collateral, "utf8"));
  const verifier = root
    ? peer.QuoteVerifier.newWithRootCa(new crypto.X509Certificate(fs.readFileSync(root)).raw)
    : peer.QuoteVerifier.newProd();
  const report = verifier.verify(fs.readFileSync(quote), bundle, at);
  return { status: report.status, advisories: report.advisory_ids };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  let answer;
  try {
    answer = judge(line);
  } catch (e) {
    answer = { error: e.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
