//! How much memory a batch takes, as Linux counts it.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{CHECKED, Folder, ISSUER};

/// Good lines, so that there are tables and threads, and the worst ones: more than 64 MiB of each kind.
#[test]
fn a_batch_stays_under_64_mebibytes() {
    let folder = Folder::new();
    let good = folder.issue("--status 2 --purpose gate").good();
    // What is no UTF-8 takes three times its room as text.
    let worst = [&[0xff; 4_094][..], b"\n"].concat();
    let verify = format!("verify --no-nonce --trust trust.cbor --allow-open --now {CHECKED} --batch -");
    let lines = [(good.as_bytes(), 6_000), (&worst, 20_000), (good.as_bytes(), 1_000)];
    let verifying = peak(&folder, &verify, &lines);

    let cells = format!("{},{},{}", "p".repeat(120), "Asha ".repeat(20), "ab".repeat(64));
    let row = format!("2,{cells}\n");
    let long = format!("7,{},{cells}\n", "x".repeat(60_000));
    let issue = format!("issue --key issuer.pem --issuer {ISSUER} --batch -");
    let rows = [(&b"status,purpose,name,nonce\n"[..], 1), (row.as_bytes(), 6_000), (long.as_bytes(), 1_500)];
    let issuing = peak(&folder, &issue, &rows);
    assert!(verifying.max(issuing) < 64 << 10, "{verifying} KiB to verify, {issuing} KiB to issue");
}

/// The most memory that a call had, in KiB, when it had read all of `parts`, each so many times.
fn peak(folder: &Folder, arguments: &str, parts: &[(&[u8], usize)]) -> u64 {
    let mut command = folder.command();
    command.args(arguments.split_whitespace()).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    for (part, times) in parts {
        for _ in 0..*times {
            stdin.write_all(part).expect("it reads");
        }
    }
    // It waits for more, but for what little a pipe holds.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it is there");
    drop(stdin);
    assert!(matches!(child.wait().expect("it ends").code(), Some(1 | 2)), "there are bad lines");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}
