import java.io.FileWriter;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;

/**
 * Signer CONFIGURATION LABEL USES: gets the key once, signs with it for ever, and
 * writes a line for each use: when it began and ended, in milliseconds, and "ok" or
 * what went wrong.
 */
public class Signer {
	static String sign(Provider provider, PrivateKey key) {
		try {
			Signature s = Signature.getInstance("SHA256withRSA", provider);
			s.initSign(key);
			s.update(new byte[20]);
			s.sign();
			return "ok";
		} catch (Exception e) {
			return e + ", " + e.getCause();
		}
	}

	public static void main(String[] args) throws Exception {
		Provider provider =
		    Security.getProvider("SunPKCS11").configure(args[0]);
		KeyStore store = KeyStore.getInstance("PKCS11", provider);
		store.load(null, "any".toCharArray());
		PrivateKey key = (PrivateKey) store.getKey(args[1], null);
		FileWriter uses = new FileWriter(args[2], true);
		while (true) {
			long begun = System.currentTimeMillis();
			String result = sign(provider, key);
			uses.write(begun + " " + System.currentTimeMillis() + " " +
			    result + "\n");
			uses.flush();
			Thread.sleep(200);
		}
	}
}
