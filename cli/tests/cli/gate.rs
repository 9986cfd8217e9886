//! `kycvs verify ... && open_gate`: what opens it, and what does not.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{CHECKED, Folder, ISSUER, NONCE, NOTHING};

/// The exit status of `verify` for an answer of each status.
#[track_caller]
fn statuses(folder: &Folder, options: &str) -> [Option<i32>; 3] {
    [0, 1, 2].map(|status| {
        let text = folder.issue(&format!("--status {status} --purpose gate")).good();
        let plain = folder.verify(&format!("--allow-open {options} {{}}"), &[text.trim()]);
        let json = folder.verify(&format!("--allow-open {options} --json {{}}"), &[text.trim()]);
        assert_eq!(plain.status, json.status);
        assert_eq!(json.json()["ok"], plain.status == Some(0), "`ok` opens no gate either");
        assert_eq!(json.json()["status"], status, "it is told all the same");
        folder.write("one", &text);
        let batch = folder.verify(&format!("--allow-open {options} --batch one"), NOTHING);
        assert_eq!(batch.status, plain.status);
        plain.status
    })
}

#[test]
fn exit_status_is_0_only_for_a_status_that_is_enough() {
    let folder = Folder::new();
    assert_eq!(statuses(&folder, ""), [Some(3), Some(3), Some(0)]);
    assert_eq!(statuses(&folder, "--at-least 2"), [Some(3), Some(3), Some(0)]);
    assert_eq!(statuses(&folder, "--at-least 1"), [Some(3), Some(0), Some(0)]);
    assert_eq!(statuses(&folder, "--at-least 0"), [Some(0), Some(0), Some(0)]);
    for wrong in ["3", "-1", "fully", "02", ""] {
        folder.verify("--allow-open --at-least {} pass.kycvs", &[wrong]).ends(2, "error[usage]: ");
    }
}

#[test]
fn a_valid_answer_that_is_not_enough_says_so() {
    let folder = Folder::new();
    let text = folder.issue("--status 0 --purpose gate").good();
    let refused = folder.verify("--allow-open {}", &[text.trim()]).ends(
        3,
        "error[not_enough]: the answer is valid, but says \"not vaccinated\" (0) and --at-least is 2",
    );
    assert!(refused.stdout.starts_with("not enough: not vaccinated (0)\n"), "{refused:?}");
    let json = folder.verify("--json --allow-open --at-least 1 {}", &[text.trim()]).ends(3, "").json();
    assert_eq!(json["code"], "not_enough");
    assert_eq!((&json["family"], &json["number"]), (&"refused".into(), &0.into()));
    assert_eq!((&json["at_least"], &json["purpose"]), (&1.into(), &"gate".into()));

    let lines: String =
        (0..3).map(|status| folder.issue(&format!("--status {status} --purpose gate")).good()).collect();
    folder.write("tokens", &lines);
    let batch = folder
        .verify("--allow-open --batch tokens", NOTHING)
        .ends(3, "1 good, 0 not good, 2 valid but not enough\n");
    let starts: Vec<_> =
        batch.stdout.lines().map(|line| line.split(':').next().unwrap_or_default()).collect();
    assert_eq!(starts, ["not enough[0]", "not enough[1]", "good[2]"]);
    // An answer that is not good weighs more.
    folder.write("tokens", format!("{lines}nonsense\n"));
    folder
        .verify("--allow-open --batch tokens", NOTHING)
        .ends(1, "1 good, 1 not good, 2 valid but not enough\n");
}

#[test]
fn a_challenge_is_given_or_expressly_not_given() {
    let folder = Folder::new();
    let verify = format!("verify --trust trust.cbor --now {CHECKED} --audience irctc.co.in");
    let how =
        "error[usage]: say which challenge you gave with --nonce, or that you gave none with --no-nonce";
    for token in ["answer.txt", "--batch answer.txt", "--json answer.txt"] {
        let run = folder.run(&format!("{verify} {token}"), NOTHING);
        assert_eq!(run.status, Some(2));
        assert!(run.stderr.contains(how) || run.stdout.contains(&how[14..]), "{run:?}");
        folder.run(&format!("{verify} --nonce {NONCE} {token}"), NOTHING).good();
        folder.run(&format!("{verify} --no-nonce {token}"), NOTHING).good();
    }
    folder.run(&format!("{verify} --no-nonce --nonce {NONCE} answer.txt"), NOTHING).ends(2, "error[usage]");
}

#[test]
fn a_token_on_two_lines_is_good_once() {
    let folder = Folder::new();
    let one = folder.issue("--status 2 --purpose gate").good();
    let two = folder.issue("--status 2 --purpose gate").good();
    let hex = folder.issue("--status 2 --purpose gate --json").json();
    let three = [&hex["text"], &hex["hex"], &hex["base64url"]].map(|form| form.as_str().expect("text"));
    folder.write("tokens", [one.trim(), two.trim(), one.trim(), three[0], three[1], three[2]].join("\n"));
    let batch = folder
        .verify("--allow-open --batch tokens", NOTHING)
        .ends(1, "3 good, 3 not good (3 the same token again)\n");
    let starts: Vec<_> =
        batch.stdout.lines().map(|line| line.split(':').next().unwrap_or_default()).collect();
    let replayed = "error[replayed]";
    assert_eq!(starts, ["good[2]", "good[2]", replayed, "good[2]", replayed, replayed]);
    // Without a file, nothing is remembered from call to call.
    folder.verify("--allow-open --batch tokens", NOTHING).ends(1, "3 good, 3 not good");
}

#[test]
fn a_used_token_does_not_pass_twice() {
    let folder = Folder::new();
    let one = folder.issue("--status 2 --purpose gate").good();
    let used = "--allow-open --used used.db";
    // Neither a refused token nor a call that is wrong uses anything up.
    folder.verify(&format!("{used} --purpose other {{}}"), &[one.trim()]).ends(1, "error[wrong_purpose]");
    folder.verify(&format!("{used} {{}}"), &[one.trim()]).good();
    folder.verify(&format!("{used} {{}}"), &[one.trim()]).ends(1, "error[replayed]");
    folder.verify(&format!("{used} --json {{}}"), &[one.trim()]).ends(1, "").json();
    // Only its owner can read the file, and nothing else is left.
    let mode = folder.path("used.db").metadata().expect("the list").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!folder.names().iter().any(|name| name.starts_with('.')), "{:?}", folder.names());

    // A batch looks there too, and writes there.
    let two = folder.issue("--status 2 --purpose gate").good();
    folder.write("tokens", format!("{one}{two}{two}"));
    folder
        .verify(&format!("{used} --batch tokens"), NOTHING)
        .ends(1, "1 good, 2 not good (1 the same token again)\n");
    folder.verify(&format!("{used} --batch tokens"), NOTHING).ends(1, "0 good, 3 not good\n");
    folder.verify(&format!("{used} {{}}"), &[two.trim()]).ends(1, "error[replayed]");
    // A file of its own knows nothing of it.
    folder.verify("--allow-open --used other.db {}", &[two.trim()]).good();
}

#[test]
fn of_many_calls_at_once_one_accepts_a_token() {
    let folder = Folder::new();
    let one = folder.issue("--status 2 --purpose gate").good();
    folder.write("tokens", &one);
    let good: usize = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|number| {
                let (folder, one) = (&folder, &one);
                scope.spawn(move || {
                    if number % 2 == 0 {
                        folder.verify("--allow-open --used used.db {}", &[one.trim()])
                    } else {
                        folder.verify("--allow-open --used used.db --batch tokens", NOTHING)
                    }
                })
            })
            .collect();
        let runs: Vec<_> = calls.into_iter().map(|call| call.join().expect("it ends")).collect();
        assert!(runs.iter().all(|run| matches!(run.status, Some(0 | 1))), "{runs:?}");
        runs.iter().filter(|run| run.status == Some(0)).count()
    });
    assert_eq!(good, 1);
}

#[test]
fn a_used_token_is_forgotten_only_when_it_has_expired() {
    let folder = Folder::new();
    let one = folder.issue("--status 2 --purpose gate").good();
    let two = folder.issue("--status 2 --purpose gate --valid-for 24h").good();
    let at = |time: &str, token: &str| {
        let call = "verify --trust trust.cbor --allow-open --no-nonce --skew 10m --used used.db --now {} {}";
        folder.run(call, &[time, token.trim()])
    };
    at(CHECKED, &one).good();
    // One second before the largest skew behind its end, and at that time.
    at("2026-07-01T10:24:59Z", &one).ends(1, "error[replayed]");
    at("2026-07-01T10:25:00Z", &one).ends(1, "error[expired]");
    at("2026-07-01T10:25:00Z", &two).good();
    // Nothing is left of the tokens that were forgotten, so the list has only the second one.
    at(CHECKED, &one).good();
    at(CHECKED, &two).ends(1, "error[replayed]");

    // A time in the future forgets nothing that has not expired by the clock.
    folder
        .run(
            &format!("issue --key issuer.pem --issuer {ISSUER} --status 2 --purpose gate --out now.txt"),
            NOTHING,
        )
        .good();
    let verify = "verify --trust trust.cbor --allow-open --no-nonce --used used.db";
    folder.run(&format!("{verify} now.txt"), NOTHING).good();
    let later = folder.run(&format!("issue --key issuer.pem --issuer {ISSUER} --status 2 --purpose gate --now 2096-01-01T00:00:00Z"), NOTHING).good();
    folder.run(&format!("{verify} --now 2096-01-01T00:00:00Z {{}}"), &[later.trim()]).good();
    folder.run(&format!("{verify} now.txt"), NOTHING).ends(1, "error[replayed]");
}

#[test]
fn a_list_of_used_tokens_that_cannot_be_used_accepts_nothing() {
    let folder = Folder::new();
    let one = folder.issue("--status 2 --purpose gate").good();
    let trust = folder.read("trust.cbor");
    folder.write("text", "not a list\n");
    folder.write("empty", "");
    folder.verify("--allow-open --used good.db {}", &[one.trim()]).good();
    let list = folder.read("good.db");
    folder.write("cut.db", &list[..list.len() / 2]);
    folder.write("wiped.db", vec![0; list.len()]);
    for file in ["trust.cbor", "text", "empty", "cut.db", "wiped.db", ".", "none/used.db"] {
        let run = folder.verify(&format!("--allow-open --used {file} {{}}"), &[one.trim()]);
        assert!(run.status != Some(0) && !run.stdout.contains("good"), "{file}: {run:?}");
        folder.write("tokens", &one);
        let run = folder.verify(&format!("--allow-open --used {file} --batch tokens"), NOTHING);
        assert!(run.status != Some(0) && !run.stdout.contains("good"), "{file}: {run:?}");
    }
    folder
        .verify("--allow-open --used text {}", &[one.trim()])
        .ends(2, "error[replay_guard_failed]: `text` cannot be used as the list of used tokens");
    let json = folder.verify("--allow-open --used text --json {}", &[one.trim()]).ends(2, "").json();
    assert_eq!((&json["number"], &json["family"]), (&99.into(), &"set_up".into()));
    folder.verify("--allow-open --used - {}", &[one.trim()]).ends(2, "error[usage]");
    assert_eq!(folder.read("trust.cbor"), trust);
}
