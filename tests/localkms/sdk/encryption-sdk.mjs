// The AWS Encryption SDK with KMS keyrings, configured by the environment.
import crypto from "node:crypto";
import {buildClient, CommitmentPolicy, KmsKeyringNode} from
    "@aws-crypto/client-node";
import {CreateAliasCommand, CreateKeyCommand, DisableKeyCommand, KMSClient}
    from "@aws-sdk/client-kms";
import {done, ok, part, same} from "./tap.mjs";

const kms = new KMSClient({});
const {encrypt, decrypt} = buildClient(
    CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const newKey = async () =>
	(await kms.send(new CreateKeyCommand({}))).KeyMetadata.Arn;
const encryptionContext = {purpose: "test", "ünïcode": "✓"};

const throws = async (promise) => {
	try {
		await promise;
		return false;
	} catch {
		return true;
	}
};

await part("one key", async () => {
	const generatorKeyId = await newKey();
	const keyring = new KmsKeyringNode({generatorKeyId});
	for (const size of [0, 1, 4096, 100000]) {
		const clear = crypto.randomBytes(size);
		const {result} = await encrypt(keyring, clear, {encryptionContext});
		const {plaintext, messageHeader} = await decrypt(
		    new KmsKeyringNode({keyIds: [generatorKeyId]}), result);
		same(plaintext, clear, `${size} bytes there and back`);
		ok(messageHeader.encryptionContext.purpose === "test",
		    "with their context");
	}
	const other = new KmsKeyringNode({keyIds: [await newKey()]});
	const {result} = await encrypt(keyring, Buffer.from("x"));
	ok(await throws(decrypt(other, result)), "another key does not open it");
	result[result.length >> 1] ^= 1;
	ok(await throws(decrypt(keyring, result)), "nor a changed message");
});

await part("two keys", async () => {
	const arns = [await newKey(), await newKey()];
	const {result} = await encrypt(new KmsKeyringNode(
	    {generatorKeyId: arns[0], keyIds: [arns[1]]}), Buffer.from("text"));
	await kms.send(new DisableKeyCommand({KeyId: arns[0]}));
	for (const [i, arn] of arns.entries()) {
		const keyring = new KmsKeyringNode({keyIds: [arn]});
		if (i === 0)
			ok(await throws(decrypt(keyring, result)),
			    "the disabled key opens nothing");
		else
			same((await decrypt(keyring, result)).plaintext,
			    Buffer.from("text"), "the other one does");
	}
});

await part("an alias", async () => {
	const arn = await newKey();
	await kms.send(new CreateAliasCommand(
	    {AliasName: "alias/esdk", TargetKeyId: arn}));
	const {result} = await encrypt(new KmsKeyringNode({generatorKeyId:
	    arn.replace(/key\/.*/, "alias/esdk")}), Buffer.from("text"));
	same((await decrypt(new KmsKeyringNode({keyIds: [arn]}), result)).plaintext,
	    Buffer.from("text"), "an alias encrypts, its key decrypts");
});
done();
