// What a program in Rust does with the token, by the package cryptoki: token MODULE.
// It ends with the first thing that is not as it should be. rust.sh verifies what it
// writes.
use cryptoki::context::{CInitializeArgs, Pkcs11};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use std::error::Error;
use std::fs;
use std::thread;

const THREADS: usize = 32;
const SIGNATURES: usize = 32;

type Outcome = Result<(), Box<dyn Error>>;

fn find(session: &Session, label: &str, class: ObjectClass) -> Result<ObjectHandle, Box<dyn Error>> {
    let found = session.find_objects(&[
        Attribute::Label(label.into()),
        Attribute::Class(class),
        Attribute::Private(class != ObjectClass::PUBLIC_KEY),
    ])?;
    if found.len() != 1 {
        return Err(format!("{} objects {}", found.len(), label).into());
    }
    Ok(found[0])
}

fn signs(session: &Session) -> Outcome {
    let key = find(session, "rsa", ObjectClass::PRIVATE_KEY)?;
    fs::write("rsa.sig", session.sign(&Mechanism::Sha256RsaPkcs, key, b"text")?)?;
    let key = find(session, "ec", ObjectClass::PRIVATE_KEY)?;
    let hash = fs::read("hash")?;
    let signature = session.sign(&Mechanism::Ecdsa, key, &hash)?;
    fs::write("ec.sig", &signature)?;
    let key = find(session, "ec", ObjectClass::PUBLIC_KEY)?;
    session.verify(&Mechanism::Ecdsa, key, &hash, &signature)?;
    Ok(())
}

fn decrypts(session: &Session) -> Outcome {
    let key = find(session, "open", ObjectClass::PRIVATE_KEY)?;
    let oaep = PkcsOaepParams::new(
        MechanismType::SHA256,
        PkcsMgfType::MGF1_SHA256,
        PkcsOaepSource::empty(),
    );
    let text = session.decrypt(&Mechanism::RsaPkcsOaep(oaep), key, &fs::read("sealed")?)?;
    fs::write("opened", text)?;
    Ok(())
}

fn generates(session: &Session) -> Outcome {
    let p256 = vec![6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let label = Attribute::Label("rust ec".into());
    let (public, private) = session.generate_key_pair(
        &Mechanism::EccKeyPairGen,
        &[
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::EcParams(p256),
            label.clone(),
        ],
        &[
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            label.clone(),
        ],
    )?;
    let signature = session.sign(&Mechanism::Ecdsa, private, &[1; 32])?;
    session.verify(&Mechanism::Ecdsa, public, &[1; 32], &signature)?;
    session.destroy_object(private)?;
    session.destroy_object(public)?;
    if !session.find_objects(&[label])?.is_empty() {
        return Err("a destroyed pair is found".into());
    }
    Ok(())
}

fn imports(session: &Session) -> Outcome {
    let key = session.create_object(&[
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Label("rust aes".into()),
        Attribute::Value(vec![7; 32]),
    ])?;
    session.update_attributes(key, &[Attribute::Label("rust renamed".into())])?;
    if find(session, "rust renamed", ObjectClass::SECRET_KEY)? != key {
        return Err("not found by its new name".into());
    }
    // All that a listing asks for, in one call.
    let all = session.get_attributes(
        key,
        &[
            AttributeType::Class,
            AttributeType::KeyType,
            AttributeType::Label,
            AttributeType::Id,
            AttributeType::Local,
            AttributeType::ValueLen,
        ],
    )?;
    if all.len() != 6 || !all.contains(&Attribute::ValueLen(32.into())) {
        return Err(format!("attributes: {:?}", all).into());
    }
    session.destroy_object(key)?;
    Ok(())
}

fn threads(pkcs11: &Pkcs11) -> Outcome {
    let slot = pkcs11.get_slots_with_token()?[0];
    let running: Vec<_> = (0..THREADS)
        .map(|n| {
            let own = pkcs11.clone();
            thread::spawn(move || {
                let session = own.open_ro_session(slot).unwrap();
                for _ in 0..SIGNATURES {
                    let key = find(&session, "rsa", ObjectClass::PRIVATE_KEY).unwrap();
                    let signature = session
                        .sign(&Mechanism::Sha256RsaPkcs, key, b"text")
                        .unwrap();
                    fs::write(format!("thread-{}.sig", n), signature).unwrap();
                }
            })
        })
        .collect();
    for one in running {
        one.join().map_err(|_| "a thread failed")?;
    }
    Ok(())
}

fn main() -> Outcome {
    let module = std::env::args().nth(1).ok_or("which module?")?;
    let pkcs11 = Pkcs11::new(module)?;
    pkcs11.initialize(CInitializeArgs::OsThreads)?;
    let session = pkcs11.open_rw_session(pkcs11.get_slots_with_token()?[0])?;
    session.login(UserType::User, Some(&AuthPin::new("1234".into())))?;
    signs(&session)?;
    decrypts(&session)?;
    generates(&session)?;
    imports(&session)?;
    threads(&pkcs11)?;
    println!("all is well");
    Ok(())
}
