// AWS's own client for JavaScript, configured by its environment alone. What
// newer clients know and AWS's command line of Debian does not: DryRun, new
// material, key agreement, Ed25519, ML-DSA, ML-KEM. node's crypto does the
// other half of each.
import crypto from "node:crypto";
import * as aws from "@aws-sdk/client-kms";
import {done, is, ok, part, refused, same, skip} from "./tap.mjs";

const kms = new aws.KMSClient({});
const call = (name, input) => kms.send(new aws[`${name}Command`](input));
const control = (method, path) =>
	fetch(process.env.KEYFERRY_LOCALKMS_CONTROL + path, {method});
const newKey = async (input = {}) =>
	(await call("CreateKey", input)).KeyMetadata;
const state = async (KeyId) =>
	(await call("DescribeKey", {KeyId})).KeyMetadata.KeyState;

async function importKey(KeyId, material, more = {}) {
	const {PublicKey, ImportToken} = await call("GetParametersForImport", {
		KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256",
		WrappingKeySpec: "RSA_2048"});
	const key = crypto.createPublicKey(
	    {key: Buffer.from(PublicKey), format: "der", type: "spki"});
	const EncryptedKeyMaterial = crypto.publicEncrypt(
	    {key, oaepHash: "sha256"}, material);
	return call("ImportKeyMaterial", {KeyId, ImportToken, EncryptedKeyMaterial,
		ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE", ...more});
}

const publicKey = async (KeyId) => {
	const {PublicKey} = await call("GetPublicKey", {KeyId});
	return crypto.createPublicKey(
	    {key: Buffer.from(PublicKey), format: "der", type: "spki"});
};

await part("keys", async () => {
	const key = await newKey({Description: "by the SDK",
		Tags: [{TagKey: "a", TagValue: "b"}]});
	is(key.KeyState, "Enabled", "a key");
	ok(key.CreationDate instanceof Date &&
	    Math.abs(key.CreationDate - Date.now()) < 300e3, "made now");
	const none = "12345678-1234-1234-1234-123456789012";
	await refused("NotFoundException",
	    `Key '${key.Arn.replace(key.KeyId, none)}' does not exist`,
	    () => call("DescribeKey", {KeyId: none}), "a key that is none");
	try {
		await call("DescribeKey", {KeyId: none});
	} catch (e) {
		ok(e instanceof aws.NotFoundException, "of the SDK's class");
		ok(/^[0-9a-f-]{36}$/.test(e.$metadata.requestId),
		    "with the request's id");
	}
	for (let i = 0; i < 4; i++)
		await newKey();
	let keys = 0, pages = 0;
	for await (const page of aws.paginateListKeys({client: kms, pageSize: 2},
	    {})) {
		keys += page.Keys.length;
		pages++;
	}
	is(`${keys} keys, ${pages} pages`, "5 keys, 3 pages", "the paginator");
});

await part("DryRun", async () => {
	const {KeyId} = await newKey();
	const message = "The request would have succeeded, but the DryRun " +
	    "option is set.";
	for (const [name, more] of [["Encrypt", {Plaintext: Buffer.from("x")}],
		["GenerateDataKey", {KeySpec: "AES_256"}],
		["GenerateDataKeyWithoutPlaintext", {KeySpec: "AES_256"}],
		["GenerateDataKeyPair", {KeyPairSpec: "ECC_NIST_P256"}]])
		await refused("DryRunOperationException", message,
		    () => call(name, {KeyId, DryRun: true, ...more}),
		    `${name}, DryRun`);
	await call("DisableKey", {KeyId});
	await refused("DisabledException",
	    `arn:aws:kms:${process.env.AWS_REGION}:111122223333:key/${KeyId} ` +
	    "is disabled.", () => call("Encrypt",
		{KeyId, DryRun: true, Plaintext: Buffer.from("x")}),
	    "of what would fail");
});

await part("new material", async () => {
	const {KeyId, Arn} = await newKey({Origin: "EXTERNAL"});
	const one = crypto.randomBytes(32), two = crypto.randomBytes(32);
	const first = await importKey(KeyId, one);
	ok(/^[0-9a-f]{64}$/.test(first.KeyMaterialId), "the material's id");
	const text = Buffer.from("text");
	const old = await call("Encrypt", {KeyId, Plaintext: text});
	await refused("KMSInvalidStateException",
	    `No available key material pending rotation for the key: ${Arn}.`,
	    () => call("RotateKeyOnDemand", {KeyId}), "nothing to rotate to");
	const second = await importKey(KeyId, two, {
		ImportType: "NEW_KEY_MATERIAL", KeyMaterialDescription: "next"});
	ok(second.KeyMaterialId !== first.KeyMaterialId, "new material");
	is((await call("RotateKeyOnDemand", {KeyId})).KeyId, Arn, "rotation");
	is((await call("DescribeKey", {KeyId})).KeyMetadata.CurrentKeyMaterialId,
	    second.KeyMaterialId, "the new material is current");
	const {Plaintext, KeyMaterialId} = await call("Decrypt",
	    {CiphertextBlob: old.CiphertextBlob});
	same(Plaintext, text, "the old decrypts");
	is(KeyMaterialId, first.KeyMaterialId, "by the old material");
	const {Rotations} = await call("ListKeyRotations",
	    {KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL"});
	is(Rotations.map((r) => r.KeyMaterialState).sort().join(),
	    "CURRENT,NON_CURRENT", "both are listed");
	await call("DeleteImportedKeyMaterial",
	    {KeyId, KeyMaterialId: first.KeyMaterialId});
	is(await state(KeyId), "PendingImport", "the old one is needed, too");
	await importKey(KeyId, one);
	is(await state(KeyId), "Enabled", "and comes back");
});

await part("expiry", async () => {
	const {KeyId} = await newKey({Origin: "EXTERNAL"});
	const ValidTo = new Date(Date.now() + 3600e3 + 123);
	await importKey(KeyId, crypto.randomBytes(32),
	    {ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo});
	const meta = (await call("DescribeKey", {KeyId})).KeyMetadata;
	ok(Math.abs(meta.ValidTo - ValidTo) < 1000, "ValidTo to the second");
	await control("POST", "/clock?forward=3700");
	is(await state(KeyId), "PendingImport", "an hour later it is gone");
});

await part("key agreement", async () => {
	for (const [spec, curve] of [["ECC_NIST_P256", "prime256v1"],
		["ECC_NIST_P384", "secp384r1"], ["ECC_NIST_P521", "secp521r1"]]) {
		const {KeyId} = await newKey(
		    {KeySpec: spec, KeyUsage: "KEY_AGREEMENT"});
		const peer = crypto.generateKeyPairSync("ec", {namedCurve: curve});
		const {SharedSecret} = await call("DeriveSharedSecret", {KeyId,
			KeyAgreementAlgorithm: "ECDH", PublicKey:
			    peer.publicKey.export({format: "der", type: "spki"})});
		same(SharedSecret, crypto.diffieHellman({
			privateKey: peer.privateKey,
			publicKey: await publicKey(KeyId)}), `ECDH, ${spec}`);
	}
});

// newer: keys that not every OpenSSL makes; undefined where this one does not.
async function newer(what, input) {
	try {
		return await newKey(input);
	} catch (e) {
		if (e.name !== "UnsupportedOperationException")
			throw e;
		skip(what, e.message);
		return undefined;
	}
}

await part("Ed25519", async () => {
	const key = await newer("Ed25519", {KeySpec: "ECC_NIST_EDWARDS25519",
		KeyUsage: "SIGN_VERIFY"});
	if (key === undefined)
		return;
	const Message = Buffer.from("a message");
	const input = {KeyId: key.KeyId, Message, MessageType: "RAW",
		SigningAlgorithm: "ED25519_SHA_512"};
	const {Signature} = await call("Sign", input);
	ok(crypto.verify(null, Message, await publicKey(key.KeyId), Signature),
	    "Ed25519: node takes KMS's");
	ok((await call("Verify", {...input, Signature})).SignatureValid,
	    "so does KMS");
	// what the SDK says where AWS sends no message
	await refused("KMSInvalidSignatureException",
	    "UnknownError", () => call("Verify",
		{...input, Signature, Message: Buffer.from("another")}),
	    "another message");
});

await part("ML-DSA", async () => {
	const key = await newer("ML-DSA",
	    {KeySpec: "ML_DSA_65", KeyUsage: "SIGN_VERIFY"});
	if (key === undefined)
		return;
	const input = {KeyId: key.KeyId, Message: Buffer.from("a message"),
		SigningAlgorithm: "ML_DSA_SHAKE_256"};
	const {Signature} = await call("Sign", input);
	is(Signature.length, 3309, "a signature of ML-DSA-65");
	ok((await call("Verify", {...input, Signature})).SignatureValid,
	    "which verifies");
});

await part("ML-KEM", async () => {
	const key = await newer("ML-KEM", {KeySpec: "ML_KEM_768",
		KeyUsage: "ENCAPSULATE_DECAPSULATE"});
	if (key === undefined)
		return;
	const input = {KeyId: key.KeyId, EncapsulationAlgorithm: "ML_KEM"};
	const there = await call("Encapsulate", input);
	is(there.SharedSecretCiphertextBlob.length, 1088, "a capsule");
	const back = await call("Decapsulate", {...input,
		SharedSecretCiphertextBlob: there.SharedSecretCiphertextBlob});
	same(back.SharedSecret, there.SharedSecret, "the same secret");
});

await part("faults", async () => {
	await control("DELETE", "/counters");
	await control("POST", "/faults?fault=throttle&operation=ListKeys&count=1");
	await control("POST", "/faults?fault=internal&operation=ListKeys&count=1");
	await call("ListKeys", {});
	const {operations} = await (await control("GET", "/counters")).json();
	is(operations.ListKeys, 3, "the SDK tries again twice");
});
done();
