//! Programs: where they are, and as whom they run.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Finds a program in PATH, or else where Debian keeps those of its Postgres versions, the newest first.
///
/// # Panics
/// When it is nowhere, saying how to get it.
#[must_use]
pub fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(postgres_folders())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{program} is missing: run `cargo xtask test`, which installs it")
        })
}

fn postgres_folders() -> Vec<PathBuf> {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let number = |folder: &PathBuf| {
        let name = folder.file_name()?.to_str()?;
        name.parse::<u32>().ok()
    };
    versions.sort_by_key(|folder| std::cmp::Reverse(number(folder)));
    versions
        .into_iter()
        .map(|folder| folder.join("bin"))
        .collect()
}

/// Whom to run as instead of root, for programs that refuse to be root: the user that Debian's package made for
/// its server, or nobody. Nothing when this process is not root's.
#[must_use]
pub fn unprivileged() -> Option<(u32, u32)> {
    static USER: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    *USER.get_or_init(|| {
        let me = Command::new("id").arg("-u").output().unwrap();
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        (me.stdout.trim_ascii() == b"0").then(|| {
            let user = ids(&users, "postgres").or_else(|| ids(&users, "nobody"));
            user.expect("a user that is not root")
        })
    })
}

fn ids(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = users
        .lines()
        .map(|line| line.split(':'))
        .find(|fields| fields.clone().next() == Some(name))?
        .skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
