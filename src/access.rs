//! Who somebody is: guests prove it by a signed pass, in a cookie or, for bots, as a bearer token.
//!
//! Here are the key, the passes and their expiry. Not here: what a person may do on a board (that is in its log,
//! [`inkroom_board::Access`]), and cookies as such (`web::people`). A pass is not a session: nothing is stored
//! for it, so it works on every server with the same key.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use inkroom_board::PersonId;
use sha2::Sha256;

use crate::StartError;
use crate::config::{Config, Secret};
use crate::store::Store;

/// The file of the key, in the data folder.
const KEY_FILE: &str = "secret.key";
/// Its name in the database.
const KEY_NAME: &str = "guests";
/// As long as the hash: more adds nothing.
const KEY_BYTES: usize = 32;
/// A pass is good for so long, in ms: browsers keep cookies no longer either.
pub const PASS_MS: u64 = 400 * DAY_MS;
/// A pass older than this is renewed when its person comes by, in ms.
const RENEW_MS: u64 = 7 * DAY_MS;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Longest pass that is looked at.
const PASS_CHARS: usize = 128;
/// Enough of the hash that nobody guesses it, short enough for a header.
const MAC_BYTES: usize = 16;

type Signer = Hmac<Sha256>;

/// Signs and checks passes.
#[derive(Clone)]
pub struct Keys {
    signer: Signer,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// A pass that was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Whose.
    pub person: PersonId,
    /// Whether a new pass should be given along with the answer.
    pub renew: bool,
}

impl Keys {
    /// With the host's secret; or the one in the data folder, or in the database where servers share one, which is
    /// made on the first start.
    ///
    /// # Errors
    /// When it can neither be read nor made.
    pub async fn of(config: &Config, store: &dyn Store) -> Result<Self, StartError> {
        let secret = match &config.secret {
            Some(secret) => secret.clone(),
            None if config.database.is_some() => shared(store).await?,
            None => read_or_make(&config.data).map_err(StartError::Key)?.into(),
        };
        Self::new(&secret).map_err(StartError::Key)
    }

    fn new(secret: &Secret) -> io::Result<Self> {
        let mut signer = Signer::new_from_slice(secret.bytes()).map_err(io::Error::other)?;
        signer.update(b"inkroom guest\0");
        Ok(Self { signer })
    }

    /// A pass for `person`: `PERSON.ISSUED_MS.MAC`.
    #[must_use]
    pub fn pass(&self, person: PersonId, now_ms: u64) -> String {
        let claim = format!("{person}.{now_ms}");
        let mac = self.mac(&claim).finalize().into_bytes();
        format!("{claim}.{}", hex(mac.iter().take(MAC_BYTES)))
    }

    /// Whose pass this is; nothing if it was forged or is too old.
    #[must_use]
    pub fn check(&self, pass: &str, now_ms: u64) -> Option<Known> {
        let (claim, mac) = pass.rsplit_once('.').filter(|_| pass.len() <= PASS_CHARS)?;
        let (person, issued_ms) = claim.split_once('.')?;
        let mac = unhex(mac).filter(|mac| mac.len() == MAC_BYTES)?;
        self.mac(claim).verify_truncated_left(&mac).ok()?;
        let age_ms = now_ms.saturating_sub(issued_ms.parse().ok()?);
        let known = Known {
            person: person.parse().ok()?,
            renew: age_ms >= RENEW_MS,
        };
        (age_ms < PASS_MS).then_some(known)
    }

    fn mac(&self, claim: &str) -> Signer {
        let mut signer = self.signer.clone();
        signer.update(claim.as_bytes());
        signer
    }
}

/// The one that all servers on this database have.
async fn shared(store: &dyn Store) -> Result<Secret, StartError> {
    let fresh = fresh().map_err(StartError::Key)?;
    Ok(store.key(KEY_NAME, &fresh).await?.into())
}

fn read_or_make(data: &Path) -> io::Result<Vec<u8>> {
    let path = data.join(KEY_FILE);
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path),
        read => read,
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let key = fs::read(path)?;
    if key.len() < KEY_BYTES {
        return Err(io::Error::other(format!(
            "{} is not a whole key",
            path.display()
        )));
    }
    Ok(key)
}

/// Written aside and then linked, so that of two servers that start together both get the one whole key.
fn make(path: &Path) -> io::Result<Vec<u8>> {
    let key = fresh()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(&key)?;
    file.sync_all()?;
    match fs::hard_link(&aside, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => fs::remove_file(&aside)?,
    }
    read(path)
}

fn fresh() -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    Ok(key)
}

fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pair = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() {
        pairs.iter().map(pair).collect()
    } else {
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PERSON: PersonId = PersonId([3; 16]);

    fn keys() -> Keys {
        Keys::new(&Secret::from(vec![1; KEY_BYTES])).unwrap()
    }

    #[test]
    fn a_pass_tells_whose_it_is_until_it_expires() {
        let pass = keys().pass(PERSON, 1_000);
        assert_eq!(
            keys().check(&pass, 2_000),
            Some(Known {
                person: PERSON,
                renew: false
            })
        );
        assert_eq!(
            keys().check(&pass, 1_000 + RENEW_MS),
            Some(Known {
                person: PERSON,
                renew: true
            })
        );
        assert_eq!(keys().check(&pass, 1_000 + PASS_MS), None);
    }

    #[test]
    fn no_changed_pass_is_good() {
        let pass = keys().pass(PERSON, 1_000);
        for at in 0..pass.len() {
            let mut changed = pass.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(
                keys().check(std::str::from_utf8(&changed).unwrap(), 2_000),
                None,
                "byte {at}"
            );
        }
        for cut in 0..pass.len() {
            assert_eq!(keys().check(&pass[..cut], 2_000), None);
        }
        let other = Keys::new(&Secret::from(vec![2; KEY_BYTES])).unwrap();
        assert_eq!(other.check(&pass, 2_000), None);
    }

    #[test]
    fn nonsense_is_no_pass() {
        for nonsense in [
            "",
            ".",
            "..",
            "...",
            "é.é.é",
            "a.b.zz",
            &"9".repeat(PASS_CHARS + 1),
        ] {
            assert_eq!(keys().check(nonsense, 0), None);
        }
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("new");
        let key = read_or_make(&folder).unwrap();
        assert_eq!(read_or_make(&folder).unwrap(), key);
        let file = fs::metadata(folder.join(KEY_FILE)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_cut_key_is_an_error_and_not_a_weak_key() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join(KEY_FILE), b"short").unwrap();
        assert!(read_or_make(data.path()).is_err());
    }
}
