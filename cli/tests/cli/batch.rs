//! Many rows and many lines.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use crate::support::{CHECKED, Folder, ISSUER, NOTHING, run};

const CSV: &str = "status,purpose,audience,nonce,name,mobile,valid_for
2,rail-booking,irctc.co.in,000102030405060708090a0b0c0d0e0f,Asha R. Verma,,
1,,,,,,24h
3,gate,,,,,
0,gate,,,\"Rao, Ravi\",+91 98765 43210,
0,gate,,,,9876543210,
2,gate,,zz,,,
2,gate,,0001,,,
2,gate
2,gate,,,,,15
\"2\",\"a \"\"purpose\"\", quoted\",,,,,1d
2,\"gate,,,,,

2,gate,,,---,,
02,gate,,,,,
1,last,,,,,
";

#[test]
fn a_bad_row_is_told_and_stops_no_other() {
    let folder = Folder::new();
    folder.write("people.csv", CSV);
    let batch = folder.issue("--batch people.csv --purpose default");
    let errors: Vec<_> = batch.stderr.lines().collect();
    assert_eq!(
        errors,
        [
            "error[bad_csv]: line 4: the status is not 0, 1 or 2",
            "error[bad_csv]: line 6: a mobile number without a name",
            "error[bad_csv]: line 7: a nonce is written in hex, two digits a byte",
            "error[invalid_claim]: line 8: a value cannot stand in a status token (a nonce has 8 to 64 bytes)",
            "error[bad_csv]: line 9: the number of cells is 2, and of columns 7",
            "error[bad_csv]: line 10: valid_for is not a duration as 90s, 15m, 24h or 30d",
            "error[bad_csv]: line 12: the quote is never closed: close it, or write two quotes for one that belongs to the cell",
            "error[invalid_claim]: line 14: a value cannot stand in a status token (the name has no letter and no number)",
            "error[bad_csv]: line 15: the status is not 0, 1 or 2",
            "5 issued, 9 refused",
        ]
    );
    assert_eq!(batch.status, Some(2));
    let lines: Vec<_> = batch.stdout.lines().collect();
    let issued: Vec<_> = lines.iter().map(|line| line.starts_with("KV1:")).collect();
    let t = true;
    let f = false;
    assert_eq!(issued, [t, t, f, t, f, f, f, f, f, t, f, f, f, t], "line n belongs to row n");
    assert!(lines.iter().all(|line| line.is_empty() || line.starts_with("KV1:")));

    let claims = |line: usize| folder.run("inspect --json {}", &[lines[line]]).json()["claims"].clone();
    assert_eq!(claims(0)["audience"], "irctc.co.in");
    assert_eq!(claims(1)["purpose"], "default");
    assert_eq!(claims(1)["expires_at"], "2026-07-02T10:00:00Z");
    assert_eq!(claims(9)["purpose"], "a \"purpose\", quoted");
    folder
        .verify("--allow-open --at-least 0 --name {} --mobile {} {}", &["rao RAVI", "9876543210", lines[3]])
        .good();
}

#[test]
fn rows_are_json_lines_too() {
    let folder = Folder::new();
    folder.write("people.csv", CSV);
    let batch = folder.issue("--batch people.csv --purpose default --json").ends(2, "5 issued, 9 refused\n");
    let rows = batch.json_lines();
    let lines: Vec<_> = rows.iter().map(|row| (row["line"].as_u64(), row["ok"].as_bool())).collect();
    let expected = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16]
        .map(|line| (Some(line), Some([2, 3, 5, 11, 16].contains(&line))));
    assert_eq!(lines, expected);
    assert_eq!(rows[2]["code"], "bad_csv");
    assert_eq!(rows[2]["family"], "usage");
    assert!(rows[3]["opening"].is_string());
}

#[test]
fn a_batch_file_is_there_whole_or_not_at_all() {
    let folder = Folder::new();
    folder.write("people.csv", "status\n2\n1\n");
    folder.write("tokens", folder.text("answer.txt"));
    let batch =
        folder.issue("--batch people.csv --purpose gate --out tokens").ends(0, "2 issued, 0 refused\n");
    assert_eq!(batch.stdout, "");
    assert_eq!(folder.text("tokens").lines().count(), 2);
    let old = folder.text("tokens");

    let names = folder.names();
    folder
        .issue("--batch people.csv --out missing/tokens")
        .ends(2, "error[io]: cannot write `missing/tokens`");
    folder.write("people.csv", "status,nmae\n2,Asha\n");
    folder
        .issue("--batch people.csv --purpose gate --out tokens")
        .ends(2, "error[bad_csv]: `people.csv`: line 1: column 2 has a name that is not known; the columns are status, purpose, audience");
    folder.write("people.csv", "status,status\n2,1\n");
    folder
        .issue("--batch people.csv --purpose gate --out tokens")
        .ends(2, "line 1: column 2 is `status` a second time");
    folder
        .issue("--batch missing.csv --purpose gate --out tokens")
        .ends(2, "error[io]: cannot read `missing.csv`");
    folder.issue("--batch . --purpose gate --out tokens").ends(2, "error[io]");
    assert_eq!(folder.text("tokens"), old);
    assert_eq!(folder.names(), names);
}

#[test]
fn spreadsheets_write_csv_their_own_way() {
    let folder = Folder::new();
    folder.write("people.csv", "\u{feff}Status , Purpose\r\n2, gate \r\n\r\n1,door\r\n");
    let batch = folder.issue("--batch people.csv").good();
    let purposes: Vec<_> = batch
        .lines()
        .map(|line| folder.run("inspect --json {}", &[line]).json()["claims"]["purpose"].clone())
        .collect();
    assert_eq!(purposes, ["gate", "door"]);

    folder.write("people.csv", b"status,name\n2,\xff\n1,Asha\n");
    let batch = folder
        .issue("--batch people.csv --purpose gate")
        .ends(2, "error[bad_csv]: line 2: the row is not UTF-8");
    assert_eq!(batch.stdout.lines().count(), 2);
    folder
        .run_with(
            &format!("issue --key issuer.pem --issuer {ISSUER} --purpose p --batch -"),
            NOTHING,
            b"status\n1\n",
        )
        .good();
    let empty = folder.run_with(
        &format!("issue --key issuer.pem --issuer {ISSUER} --purpose p --batch -"),
        NOTHING,
        b"status\n",
    );
    empty.ends(2, "error[bad_csv]: `-` names columns and has no row");
    folder.write("people.csv", "\n\r\n");
    let old = folder.text("answer.txt");
    folder.write("tokens", &old);
    folder.issue("--batch people.csv --out tokens").ends(2, "error[bad_csv]: `people.csv` is empty");
    assert_eq!(folder.text("tokens"), old);
}

#[test]
fn a_quote_that_is_never_closed_takes_no_row_with_it() {
    let folder = Folder::new();
    folder.write(
        "people.csv",
        "status,purpose\n2,gate\n1,\"gate\n0,gate\n2,5\" \"pipe,\"\n1,5\" gate,\"x\n2,g\rte\n2,gate",
    );
    let batch = folder.issue("--batch people.csv");
    let quote = "the quote is never closed: close it, or write two quotes for one that belongs to the cell";
    assert_eq!(
        batch.stderr.lines().collect::<Vec<_>>(),
        [
            &format!("error[bad_csv]: line 3: {quote}"),
            &format!("error[bad_csv]: line 5: {quote}"),
            &format!("error[bad_csv]: line 6: {quote}"),
            "error[bad_csv]: line 8: the number of cells is 1, and of columns 2",
            "4 issued, 4 refused",
        ]
    );
    assert_eq!(batch.status, Some(2));
    // A private key, or a file of people without a first row of names, is not shown in the error.
    for head in ["status,\"purpose\n2,gate\n", "Asha R. Verma,9876543210\n2,gate\n"] {
        folder.write("people.csv", head);
        let refused = folder.issue("--batch people.csv").ends(2, "error[bad_csv]: `people.csv`: line 1: ");
        assert!(!refused.stderr.to_lowercase().contains("asha"), "{refused:?}");
    }
}

#[test]
fn a_row_has_a_bound() {
    let folder = Folder::new();
    let long = "x".repeat(5_000_000);
    folder.write("people.csv", format!("status,purpose\n1,{long}\n2,gate\n1,\"{long}\n0,gate\n"));
    let batch = folder.issue("--batch people.csv").ends(2, "2 issued, 2 refused\n");
    for line in [2, 4] {
        assert!(batch.stderr.contains(&format!("line {line}: the row is longer than 64 KiB")), "{batch:?}");
    }
    folder.write("people.csv", long);
    folder.issue("--batch people.csv").ends(2, "line 1: the row is longer than 64 KiB");
}

/// More than one chunk, on every core, and each answer or error in the place of its row.
#[test]
fn answers_come_in_the_order_of_the_rows() {
    let folder = Folder::new();
    let rows = 9_000;
    // Within a chunk, and on both sides of where one ends.
    let is_bad = |row: usize| [7, 4_095, 4_096, 4_097, 6_000, 8_191, 8_192, 8_999].contains(&row);
    let mut csv = String::from("status,purpose,valid_for\n");
    for row in 0..rows {
        let valid_for = if is_bad(row) { "soon" } else { "" };
        let _ = writeln!(csv, "{},row-{row},{valid_for}", row % 3);
    }
    folder.write("people.csv", csv);
    let batch = folder.issue("--batch people.csv").ends(2, "8992 issued, 8 refused\n");
    let told: Vec<_> = batch.stderr.lines().take(8).map(ToOwned::to_owned).collect();
    let expected: Vec<_> = (0..rows)
        .filter(|&row| is_bad(row))
        .map(|row| {
            let line = row + 2;
            format!("error[bad_csv]: line {line}: valid_for is not a duration as 90s, 15m, 24h or 30d")
        })
        .collect();
    assert_eq!(told, expected);
    assert_eq!(batch.stdout.lines().count(), rows);
    for (row, line) in batch.stdout.lines().enumerate() {
        if is_bad(row) {
            assert_eq!(line, "", "row {row}");
            continue;
        }
        let answer = kycvs::Presentation::from_text(line).expect("an answer");
        let claims = answer.token().unverified_claims();
        assert_eq!(claims.purpose().as_str(), format!("row-{row}"));
        assert_eq!(usize::from(claims.status().number()), row % 3);
    }

    let objects = folder.issue("--batch people.csv --json").ends(2, "").json_lines();
    assert_eq!(objects.len(), rows);
    for (row, object) in objects.iter().enumerate() {
        assert_eq!(object["line"], row + 2);
        assert_eq!(object["ok"], !is_bad(row), "row {row}");
    }
}

#[test]
fn a_batch_into_a_closed_pipe_ends_quietly() {
    let folder = Folder::new();
    folder.write("people.csv", format!("status,purpose\n{}", "2,gate\n".repeat(9_000)));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = folder.command();
    command.args(["issue", "--key", "issuer.pem", "--issuer", ISSUER, "--batch", "people.csv"]);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it runs");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(matches!(output.status.code(), Some(1 | 141)), "{:?}", output.status);
}

/// More than one chunk, on every core, and each verdict on the line of its token.
#[test]
fn verdicts_come_in_the_order_of_the_lines() {
    let folder = Folder::new();
    let rows = 9_000;
    let mut csv = String::from("status,purpose\n");
    for row in 0..rows {
        let _ = writeln!(csv, "{},row-{row}", row % 3);
    }
    folder.write("people.csv", csv);
    folder.issue("--batch people.csv --out tokens").ends(0, "9000 issued, 0 refused\n");
    let good = folder.verify("--allow-open --at-least 0 --batch tokens", NOTHING).ends(0, "");
    assert_eq!(good.stderr, "9000 good, 0 not good\n", "no progress bar in a pipe");
    let mut lines = good.stdout.lines();
    for (row, line) in (0..rows).zip(&mut lines) {
        let words = ["not", "partially", "fully"][row % 3];
        assert_eq!(
            line,
            format!(
                "good[{}]: {words} vaccinated, in.gov.cowin, row-{row}, until 2026-07-01T10:15:00Z",
                row % 3
            )
        );
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_bad_line_is_told_in_its_place() {
    let folder = Folder::new();
    let [text, second, third, fourth] =
        [(); 4].map(|()| folder.issue("--status 2 --purpose gate").good().trim().to_owned());
    let token = |text: &str| kycvs::Presentation::from_text(text).expect("a token");
    let hex = hex::encode(token(&third));
    let mut lines = vec![text, String::new(), token(&second).to_base64url(), "nonsense!".into(), hex];
    lines.push("A".repeat(5_000_000));
    lines.push(format!("  {fourth}\r"));
    lines.push(folder.text("answer.txt").trim().to_owned());
    folder.write("tokens", lines.join("\n"));
    let batch = folder.verify("--allow-open --batch tokens", NOTHING).ends(1, "4 good, 4 not good\n");
    let starts: Vec<_> =
        batch.stdout.lines().map(|line| line.split(':').next().unwrap_or_default()).collect();
    assert_eq!(
        starts,
        [
            "good[2]",
            "error[bad_text]",
            "good[2]",
            "error[bad_text]",
            "good[2]",
            "error[too_large]",
            "good[2]",
            "error[wrong_audience]"
        ]
    );
    let rows = folder.verify("--allow-open --json --batch tokens", NOTHING).ends(1, "").json_lines();
    let rows: Vec<_> = rows.iter().map(|row| (row["line"].as_u64(), row["ok"].as_bool())).collect();
    let expected =
        [(1, true), (2, false), (3, true), (4, false), (5, true), (6, false), (7, true), (8, false)];
    assert_eq!(rows, expected.map(|(line, ok)| (Some(line), Some(ok))));

    folder.write("tokens", "");
    folder
        .verify("--allow-open --batch tokens", NOTHING)
        .ends(2, "error[usage]: there is no line in `tokens`");
    folder.verify("--allow-open --batch missing", NOTHING).ends(2, "error[io]: cannot read `missing`");
    folder.verify("--allow-open --batch tokens x", NOTHING).ends(2, "error[usage]");
    folder.run("trust remove --trust trust.cbor 866eefbd6718c884", NOTHING).good();
    let none = folder.verify("--allow-open --batch answer.txt", NOTHING).ends(2, "error[no_trusted_keys]");
    assert_eq!(none.stdout, "");
}

/// A pipe that gives a line and then nothing, as a scanner does between two people, and half a line after a whole one,
/// as a program does that writes in blocks.
#[test]
fn what_is_there_waits_for_nothing() {
    let folder = Folder::new();
    let token = folder.issue("--status 2 --purpose gate").good();
    let half = &token[..40];
    let verify = format!("verify --no-nonce --trust trust.cbor --allow-open --now {CHECKED} --batch -");
    let parts = [token.as_str(), &format!("{token}{half}"), &format!("{}\n\n", &token[40..].trim_end())];
    let again = "error[replayed]";
    let expected = [&["good[2]"][..], &[again], &[again, "error[bad_text]"]];
    answers_each_part(&folder, &verify, &parts, &expected);

    let token = folder.issue("--status 2 --purpose gate --nonce 0000000000000001").good();
    let row = format!("{},0000000000000001", token.trim());
    let table = format!("verify --columns nonce --trust trust.cbor --allow-open --now {CHECKED} --batch -");
    let parts = [
        &format!("token,nonce\n{row}\n\n"),
        &format!("{row}\n,,\n{}", &row[..9]),
        &format!("{}\n", &row[9..]),
    ];
    answers_each_part(&folder, &table, &parts.map(String::as_str), &[&["good[2]"], &[again], &[again]]);

    let issue = format!("issue --key issuer.pem --issuer {ISSUER} --batch -");
    let parts = ["status,purpose\n2,gate\n\n", "1,gate\r\n\r\n\r\n0,ga", "te\n"];
    answers_each_part(&folder, &issue, &parts, &[&["KV1"], &["KV1"], &["KV1"]]);
}

/// Asserts that what a call says to each part of its input begins so, line by line, before the next part is there.
fn answers_each_part(folder: &Folder, arguments: &str, parts: &[&str], expected: &[&[&str]]) {
    let mut command = folder.command();
    command.args(arguments.split_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || stdout.lines().try_for_each(|line| sender.send(line)));
    for (part, expected) in parts.iter().zip(expected) {
        stdin.write_all(part.as_bytes()).expect("it reads");
        for start in *expected {
            let line =
                lines.recv_timeout(Duration::from_mins(2)).expect("an answer at once").expect("a line");
            assert_eq!(line.split(':').next(), Some(*start), "{part:?}");
        }
    }
    drop(stdin);
    assert!(child.wait().is_ok());
    assert!(lines.recv().is_err(), "there is no more to say");
    reader.join().expect("it ends").expect("all was received");
}

/// One line of a terabyte is passed over without being held.
#[test]
fn a_line_without_an_end_takes_no_memory() {
    let folder = Folder::new();
    File::create(folder.path("huge")).and_then(|file| file.set_len(300_000_000)).expect("a sparse file");
    let mut command = std::process::Command::new("sh");
    let call = format!(
        "ulimit -v 1000000; exec {} verify --no-nonce --trust trust.cbor --allow-open --batch huge",
        env!("CARGO_BIN_EXE_kycvs")
    );
    let batch =
        run(command.current_dir(folder.path(".")).args(["-c", &call]), b"").ends(1, "0 good, 1 not good\n");
    assert!(batch.stdout.starts_with("error[too_large]"), "{batch:?}");
}

/// A terminal is what `script` (util-linux) makes; where there is none, that is said and nothing else.
#[test]
fn a_terminal_shows_progress() {
    let folder = Folder::new();
    let text = folder.issue("--status 2 --purpose gate").good();
    folder.write("tokens", text.repeat(30_000));
    // The same token 30,000 times: it is good once.
    let verify = format!(
        "{} verify --no-nonce --trust trust.cbor --allow-open --now 2026-07-01T10:05:00Z --batch tokens > verdicts",
        env!("CARGO_BIN_EXE_kycvs")
    );
    let mut command = std::process::Command::new("script");
    command.current_dir(folder.path(".")).args(["-qec", &verify, "/dev/null"]);
    if command.output().is_err() {
        eprintln!("not run: there is no `script` here");
        return;
    }
    let shown = run(&mut command, b"").ends(1, "").stdout;
    assert!(shown.contains('%') && shown.contains("1 good, "), "{shown:?}");
    assert!(shown.ends_with("1 good, 29999 not good (29999 the same token again)\r\n"), "{shown:?}");
    let verdicts = folder.text("verdicts");
    assert_eq!(verdicts.lines().filter(|line| line.starts_with("good[2]: ")).count(), 1);
    assert_eq!(verdicts.lines().count(), 30_000);
}
