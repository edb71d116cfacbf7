// Tests speak TAP. A check that throws is one that fails.
let count = 0;
let failed = 0;

export function ok(value, name) {
	console.log(`${value ? "ok" : "not ok"} ${++count} - ${name}`);
	if (!value)
		failed++;
	return value;
}

export function is(got, wanted, name) {
	const same = got === wanted ||
	    Buffer.from(String(got)).equals(Buffer.from(String(wanted)));
	if (!ok(same, name))
		console.log(`# got:    ${got}\n# wanted: ${wanted}`);
}

export function same(got, wanted, name) {
	if (!ok(Buffer.compare(got, wanted) === 0, name))
		console.log(`# got ${got.length} bytes, wanted ${wanted.length}`);
}

// The call is refused with that exception of AWS's and exactly that message.
export async function refused(name, message, call, what) {
	try {
		await call();
	} catch (e) {
		const right = e.name === name && e.message === message &&
		    e.$metadata?.httpStatusCode === 400;
		if (!ok(right, `${what}: ${name}`))
			console.log(`# ${e.name} ${e.$metadata?.httpStatusCode}` +
			    `: ${e.message}`);
		return;
	}
	ok(false, `${what}: ${name}`);
	console.log("# it was not refused");
}

export function skip(name, why) {
	console.log(`ok ${++count} - ${name} # SKIP ${why}`);
}

// A part of the tests: what it throws fails it, and the others go on.
export async function part(name, run) {
	try {
		await run();
	} catch (e) {
		ok(false, name);
		console.log(String(e.stack).replace(/^/gm, "# "));
	}
}

export function done() {
	console.log(`1..${count}`);
	process.exitCode = failed === 0 ? 0 : 1;
}
