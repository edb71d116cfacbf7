import java.security.*;
import java.security.spec.*;
import java.util.*;
import javax.crypto.*;
import javax.crypto.spec.*;

/*
 * What a Java program does with the token: Token.java CONFIGURATION. It prints lines
 * that java.sh looks for.
 */
public class Token {
	static final int ROOM = 512; /* for KMS's ciphertext of a few bytes */
	static Provider token;
	static KeyStore store;

	static String attempt(Cipher c, byte[] text) {
		try {
			return c.doFinal(text).length + " bytes";
		} catch (Exception e) {
			return e.toString().replaceAll(".*\\.", "");
		}
	}

	static Cipher sealing(Key key, int number) throws Exception {
		Cipher c = Cipher.getInstance("AES/GCM/NoPadding", token);
		byte[] iv = new byte[12];

		iv[0] = (byte)number;
		c.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(128, iv));
		return c;
	}

	/* With a key in KMS, and afterwards with keys of the session. */
	static void aes() throws Exception {
		Key kms = store.getKey("aes", null);
		KeyGenerator g = KeyGenerator.getInstance("AES", token);
		byte[] text = "text".getBytes(), sealed = new byte[ROOM];
		Cipher c = sealing(kms, 1);
		Set<String> seen = new TreeSet<>();
		int n;

		System.out.println("does not fit: " + attempt(c, text));
		g.init(256);
		Key here = g.generateKey();
		for (int i = 0; i < 8; i++)
			seen.add(attempt(sealing(here, i), text));
		System.out.println("afterwards: " + seen);
		c = sealing(kms, 2);
		n = c.doFinal(text, 0, text.length, sealed, 0);
		System.out.println("fits: " + (n > text.length));
		c.init(Cipher.DECRYPT_MODE, kms, c.getParameters());
		System.out.println("back: " +
		    new String(c.doFinal(sealed, 0, n)));
	}

	/* Signatures by Java, verified by the token. */
	static void ecdsa() throws Exception {
		KeyPairGenerator g = KeyPairGenerator.getInstance("EC", "SunEC");
		Signature sign = Signature.getInstance("SHA512withECDSA", "SunEC");
		Signature verify = Signature.getInstance("SHA512withECDSA", token);
		int good = 0;

		g.initialize(new ECGenParameterSpec("secp521r1"));
		KeyPair pair = g.generateKeyPair();
		for (int i = 0; i < 100; i++) {
			sign.initSign(pair.getPrivate());
			sign.update((byte)i);
			verify.initVerify(pair.getPublic());
			verify.update((byte)i);
			try {
				good += verify.verify(sign.sign()) ? 1 : 0;
			} catch (SignatureException e) {
				System.out.println(e);
			}
		}
		System.out.println("P-521: " + good + " of 100");
	}

	/* The secret that a key in KMS agrees on is the one that Java has. */
	static void agree() throws Exception {
		KeyPairGenerator g = KeyPairGenerator.getInstance("EC", "SunEC");
		KeyAgreement here = KeyAgreement.getInstance("ECDH", "SunEC");
		KeyAgreement kms = KeyAgreement.getInstance("ECDH", token);

		g.initialize(new ECGenParameterSpec("secp256r1"));
		KeyPair pair = g.generateKeyPair();
		kms.init(store.getKey("dh", null));
		kms.doPhase(pair.getPublic(), true);
		here.init(pair.getPrivate());
		here.doPhase(store.getCertificate("dh").getPublicKey(), true);
		System.out.println("the same secret: " +
		    Arrays.equals(kms.generateSecret(), here.generateSecret()));
	}

	static void mac() throws Exception {
		Mac kms = Mac.getInstance("HmacSHA256", token);
		Mac here = Mac.getInstance("HmacSHA256", "SunJCE");

		kms.init(store.getKey("hmac", null));
		here.init(new SecretKeySpec(new byte[32], "HmacSHA256"));
		System.out.println("the same MAC: " + Arrays.equals(
		    kms.doFinal(new byte[3]), here.doFinal(new byte[3])));
	}

	public static void main(String[] args) throws Exception {
		token = Security.getProvider("SunPKCS11").configure(args[0]);
		store = KeyStore.getInstance("PKCS11", token);
		store.load(null, null);
		aes();
		ecdsa();
		agree();
		mac();
	}
}
