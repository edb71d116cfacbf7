// What a program of node does with the token, by the package pkcs11js: token.js MODULE.
// node.sh verifies what it writes.
const fs = require("fs");
const pkcs11js = require("pkcs11js");
const assert = require("assert");

const p = new pkcs11js.PKCS11();
p.load(process.argv[2]);
p.C_Initialize();
const slot = p.C_GetSlotList(true)[0];
const session = p.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
p.C_Login(session, pkcs11js.CKU_USER, "1234");

function findAll(template) {
  p.C_FindObjectsInit(session, template);
  const found = [];
  for (let one; (one = p.C_FindObjects(session)); ) found.push(one);
  p.C_FindObjectsFinal(session);
  return found;
}

function find(label, kind) {
  const found = findAll([
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_CLASS, value: kind },
  ]);
  assert.strictEqual(found.length, 1, label);
  return found[0];
}

function sign(mechanism, key, data) {
  p.C_SignInit(session, { mechanism, parameter: null }, key);
  return p.C_Sign(session, data, Buffer.alloc(1024));
}

// Many signatures, each in a thread of node's, as its asynchronous calls have it.
async function atOnce() {
  const key = find("rsa", pkcs11js.CKO_PRIVATE_KEY);
  await Promise.all(
    Array.from({ length: 32 }, async (_, n) => {
      const own = p.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION);
      p.C_SignInit(own, { mechanism: pkcs11js.CKM_SHA256_RSA_PKCS, parameter: null }, key);
      const signature = await p.C_SignAsync(own, Buffer.from("text"), Buffer.alloc(1024));
      fs.writeFileSync(`thread-${n}.sig`, signature);
      p.C_CloseSession(own);
    }),
  );
}

function generates() {
  const label = { type: pkcs11js.CKA_LABEL, value: "node ec" };
  const pair = p.C_GenerateKeyPair(
    session,
    { mechanism: pkcs11js.CKM_EC_KEY_PAIR_GEN, parameter: null },
    [
      label,
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_VERIFY, value: true },
      { type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from("06082a8648ce3d030107", "hex") },
    ],
    [
      label,
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_SIGN, value: true },
      { type: pkcs11js.CKA_PRIVATE, value: true },
    ],
  );
  const hash = Buffer.alloc(32, 1);
  const signature = sign(pkcs11js.CKM_ECDSA, pair.privateKey, hash);
  p.C_VerifyInit(session, { mechanism: pkcs11js.CKM_ECDSA, parameter: null }, pair.publicKey);
  assert(p.C_Verify(session, hash, signature));
  p.C_DestroyObject(session, pair.privateKey);
  p.C_DestroyObject(session, pair.publicKey);
  assert.strictEqual(findAll([label]).length, 0);
}

function imports() {
  const key = p.C_CreateObject(session, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
    { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_GENERIC_SECRET },
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_SIGN, value: true },
    { type: pkcs11js.CKA_LABEL, value: "node mac" },
    { type: pkcs11js.CKA_VALUE, value: fs.readFileSync("mac.key") },
  ]);
  p.C_SetAttributeValue(session, key, [{ type: pkcs11js.CKA_LABEL, value: "node renamed" }]);
  const found = find("node renamed", pkcs11js.CKO_SECRET_KEY);
  const mac = sign(pkcs11js.CKM_SHA256_HMAC, found, Buffer.from("text"));
  const wanted = require("crypto").createHmac("sha256", fs.readFileSync("mac.key"));
  assert(mac.equals(wanted.update("text").digest()));
  p.C_DestroyObject(session, found);
}

async function main() {
  const text = Buffer.from("text");
  fs.writeFileSync("rsa.sig", sign(pkcs11js.CKM_SHA256_RSA_PKCS, find("rsa", pkcs11js.CKO_PRIVATE_KEY), text));
  await atOnce();
  generates();
  imports();
  p.C_Finalize();
  console.log("all is well");
}

main().catch((e) => {
  console.log(e);
  process.exitCode = 1;
});
