//! Access to a file that is made or replaced, and users who try to keep it from being replaced.

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::Command;

use crate::support::{Folder, ISSUER, KEY_ID, NOTHING, run};

/// Owner, group and mode.
fn access(folder: &Folder, name: &str) -> (u32, u32, u32) {
    let about = folder.path(name).metadata().expect("the file");
    (about.uid(), about.gid(), about.mode() & 0o7777)
}

/// Each call that replaces `trust.cbor` by itself.
fn changes() -> [String; 3] {
    [
        format!("trust withdraw --trust trust.cbor {KEY_ID}"),
        "trust add --trust trust.cbor --issuer other other.pem".to_owned(),
        format!("trust remove --trust trust.cbor {KEY_ID}"),
    ]
}

fn with_another_key() -> Folder {
    let folder = Folder::new();
    folder.run("keygen --issuer other --out-dir made", NOTHING).good();
    folder.run("trust export --trust made/trust.cbor --format pem --out other.pem", NOTHING).good();
    folder
}

#[test]
fn a_changed_trust_store_keeps_owner_group_and_mode() {
    for change in changes() {
        let folder = with_another_key();
        if chown(folder.path("trust.cbor"), Some(4_321), Some(5_432)).is_err() {
            eprintln!("not run: only root can give a file away");
            return;
        }
        for mode in [0o640, 0o604, 0o600, 0o664] {
            folder.set_mode("trust.cbor", mode);
            let before = folder.read("trust.cbor");
            // Through a link too.
            let _ = std::os::unix::fs::symlink("trust.cbor", folder.path("link"));
            folder.run(&change.replace("trust.cbor", "link"), NOTHING).good();
            assert_ne!(folder.read("trust.cbor"), before);
            assert_eq!(access(&folder, "trust.cbor"), (4_321, 5_432, mode), "{change}");
            folder.write("trust.cbor", before);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_changed_trust_store_keeps_its_access_list() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    // Version 2; of the owner, user 4321, the group, the mask and others: tag, permissions, id.
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in
        [(1_u16, 6_u16, u32::MAX), (2, 4, 4_321), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)]
    {
        list.extend([&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat());
    }
    let of = |path: &std::path::Path| {
        let mut buffer = vec![0; 4_096];
        getxattr(path, "system.posix_acl_access", &mut buffer[..]).map(|length| buffer[..length].to_vec())
    };
    for change in changes() {
        let folder = with_another_key();
        let store = folder.path("trust.cbor");
        if setxattr(&store, "system.posix_acl_access", &list, XattrFlags::empty()).is_err() {
            eprintln!("not run: this file system has no access lists");
            return;
        }
        let mode = access(&folder, "trust.cbor");
        folder.run(&change, NOTHING).good();
        assert_eq!(of(&store).as_deref(), Ok(&list[..]), "{change}");
        assert_eq!(access(&folder, "trust.cbor"), mode);

        // A list that the folder gives to new files is not the store's.
        let folder = with_another_key();
        setxattr(folder.path("."), "system.posix_acl_default", &list, XattrFlags::empty())
            .expect("a default");
        let mode = access(&folder, "trust.cbor");
        folder.run(&change, NOTHING).good();
        assert!(of(&folder.path("trust.cbor")).is_err(), "{change}");
        assert_eq!(access(&folder, "trust.cbor"), mode);
    }
}

/// As a user who may write to the folder, and may not give a file to another owner.
#[test]
fn a_store_of_which_the_owner_cannot_be_kept_is_not_replaced() {
    use std::os::unix::process::CommandExt as _;
    let folder = with_another_key();
    let before = folder.read("trust.cbor");
    if chown(folder.path("."), Some(4_321), Some(4_321)).is_err() {
        eprintln!("not run: only root can be another user");
        return;
    }
    // That user may not look into the folder of the binary.
    std::fs::copy(env!("CARGO_BIN_EXE_kycvs"), folder.path("kycvs")).expect("a copy");
    std::fs::set_permissions(folder.path("kycvs"), Permissions::from_mode(0o755)).expect("its mode");
    for change in changes() {
        let mut command = Command::new(folder.path("kycvs"));
        command.current_dir(folder.path(".")).uid(4_321).gid(4_321).args(change.split(' '));
        run(&mut command, b"").ends(
            2,
            "error[io]: cannot replace `trust.cbor` and keep its owner, group and access list: Operation not permitted. \
             Run this as the owner of the file",
        );
        assert_eq!(folder.read("trust.cbor"), before);
    }
    assert!(!folder.names().iter().any(|name| name.starts_with('.')), "{:?}", folder.names());
}

#[test]
fn a_link_to_nothing_is_not_replaced() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("nothing", folder.path("link")).expect("a link");
    folder
        .issue("--status 2 --purpose gate --out link")
        .ends(2, "error[io]: cannot write `link`: it is a symbolic link to a file that does not exist");
    assert!(folder.path("link").is_symlink() && !folder.path("nothing").exists());
}

#[test]
fn whatever_holds_an_answer_is_its_owners_alone() {
    let folder = Folder::new();
    folder.write("people.csv", "status,name\n2,Asha\n");
    let issue = "--status 2 --purpose gate --name Asha";
    for (call, name) in [
        (format!("{issue} --out answer"), "answer"),
        (format!("{issue} --out answer.kycvs"), "answer.kycvs"),
        ("--purpose gate --batch people.csv --out tokens".to_owned(), "tokens"),
    ] {
        folder.issue(&call).good();
        assert_eq!(access(&folder, name).2, 0o600, "{call}");
        // One from an earlier version, which others could read.
        folder.set_mode(name, 0o644);
        folder.issue(&call).good();
        assert_eq!(access(&folder, name).2, 0o600, "{call}, again");
    }
    for name in ["code.png", "code.svg"] {
        folder.run(&format!("qr answer --out {name}"), NOTHING).good();
        assert_eq!(access(&folder, name).2, 0o600);
    }
    folder.run("keygen --issuer i --out-dir made", NOTHING).good();
    assert_eq!(access(&folder, "made/issuer.pem").2, 0o600);
    // What others are meant to read, they can.
    let umask = access(&folder, "people.csv").2;
    assert_eq!(access(&folder, "made/trust.cbor").2, umask);
}

/// It may hold an opening, which the owner of an older file of this name must not get.
#[test]
fn an_answer_that_is_written_again_belongs_to_who_runs_the_command() {
    let folder = Folder::new();
    folder.write("people.csv", "status,name\n2,Asha\n");
    folder.issue("--status 2 --purpose gate --name Asha --out answer").good();
    let own = access(&folder, "answer");
    let calls = [
        ("--status 2 --purpose gate --name Asha --out answer", "answer"),
        ("--status 2 --purpose gate --name Asha --out answer.kycvs", "answer.kycvs"),
        ("--purpose gate --batch people.csv --out tokens", "tokens"),
    ];
    for (call, name) in calls {
        folder.issue(call).good();
        if chown(folder.path(name), Some(4_321), Some(5_432)).is_err() {
            eprintln!("not run: only root can give a file away");
            return;
        }
        folder.set_mode(name, 0o666);
        folder.issue(call).good();
        assert_eq!(access(&folder, name), own, "{call}");
    }
    for name in ["code.png", "code.svg"] {
        folder.write(name, "");
        chown(folder.path(name), Some(4_321), Some(5_432)).expect("root gives it away");
        folder.run(&format!("qr answer --out {name}"), NOTHING).good();
        assert_eq!(access(&folder, name), own, "{name}");
    }
    assert_eq!(own.2, 0o600);
}

#[test]
fn a_lock_on_the_folder_or_the_store_blocks_no_withdrawal() {
    let folder = Folder::new();
    let [whole, store] = [".", "trust.cbor"].map(|name| File::open(folder.path(name)).expect("it opens"));
    whole.lock().and_then(|()| store.lock()).expect("they are locked");
    folder.run(&format!("trust withdraw --trust trust.cbor {KEY_ID}"), NOTHING).good();
    assert!(folder.run("trust list --trust trust.cbor", NOTHING).good().contains("WITHDRAWN"));
}

#[test]
fn a_call_that_waits_in_vain_says_for_whom() {
    let folder = Folder::new();
    let before = folder.read("trust.cbor");
    folder.write(".trust.cbor.lock", "4711\n");
    let lock = File::open(folder.path(".trust.cbor.lock")).expect("the lock");
    lock.lock().expect("it is locked");
    let withdraw = format!("trust withdraw --trust trust.cbor {KEY_ID}");
    folder.run(&withdraw, NOTHING).ends(2, "error[io]: cannot change `trust.cbor`: process 4711 has held `");
    assert_eq!(folder.read("trust.cbor"), before);
    drop(lock);
    // One that a call left behind when it was killed is in nobody's way.
    folder.run(&withdraw, NOTHING).good();
    assert!(!folder.path(".trust.cbor.lock").exists());
    folder.run(&format!("trust add --trust new --issuer {ISSUER} issuer.pub.pem"), NOTHING).good();
    assert!(!folder.names().iter().any(|name| name.starts_with('.')), "{:?}", folder.names());
}

/// A trust store that is a pipe: the call waits for it, with the lock in its hands.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_leaves_no_lock_behind() {
    use std::os::unix::process::ExitStatusExt as _;
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let folder = Folder::new();
        run(Command::new("mkfifo").arg(folder.path("pipe")), b"").good();
        let before = folder.names();
        // Whoever started the tests may have them ignore signals, which a child inherits.
        let mut command = Command::new("env");
        command.args(["--default-signal=INT,TERM,HUP", env!("CARGO_BIN_EXE_kycvs")]);
        command.args(["trust", "withdraw", "--trust", "pipe", KEY_ID]).current_dir(folder.path("."));
        let mut child = command.spawn().expect("it runs");
        // The id is written once the lock holds.
        while std::fs::read(folder.path(".pipe.lock")).unwrap_or_default().is_empty() {
            assert!(child.try_wait().expect("it runs").is_none(), "it waits for the pipe");
            std::thread::yield_now();
        }
        run(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]), b"").good();
        let status = child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(number), "{signal}: {status:?}");
        assert_eq!(folder.names(), before, "{signal}");
    }
}

#[test]
fn a_lock_file_that_cannot_be_used_is_named() {
    let folder = with_another_key();
    let before = folder.read("trust.cbor");
    std::os::unix::fs::symlink("elsewhere", folder.path(".trust.cbor.lock")).expect("a link");
    for change in changes() {
        let told = folder.run(&change, NOTHING).ends(2, "because its lock file `");
        let next = "/.trust.cbor.lock` and try again\n";
        assert!(told.stderr.ends_with(next) && told.stderr.contains("delete `"), "{told:?}");
        assert_eq!(folder.read("trust.cbor"), before);
    }
    let used = "--allow-open --used used.db --at-least 0 answer.txt --audience irctc.co.in --nonce";
    std::os::unix::fs::symlink("elsewhere", folder.path(".used.db.lock")).expect("a link");
    folder
        .verify(&format!("{used} {{}}"), &[crate::support::NONCE])
        .ends(2, "error[replay_guard_failed]: cannot change `used.db`, because its lock file `");
}
