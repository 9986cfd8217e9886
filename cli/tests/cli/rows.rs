//! `verify --batch --columns`: rows with a challenge and a name of their own.

use crate::support::{AUDIENCE, Folder, NOTHING, Run};

/// Five people who booked, each with a challenge of their own; the fourth's answer was given to another challenge, and the
/// fifth's to another person.
const BOOKED: &str = "status,nonce,name,mobile,purpose
2,0000000000000001,Asha R. Verma,+91 98765 43210,rail
1,0000000000000002,\"Rao, Ravi\",+91 98765 43211,rail
2,0000000000000003,Meera Iyer,+91 98765 43212,rail
2,00000000000000ff,Anil Kumar,+91 98765 43213,rail
2,0000000000000005,Somebody Else,+91 98765 43214,rail
";
const EXPECTED: [&str; 5] = [
    "0000000000000001,ASHA R VERMA,9876543210,rail",
    "0000000000000002,\"Rao, Ravi\",+919876543211,rail",
    "0000000000000003,Meera Iyer,+91 98765 43212,gate",
    "0000000000000004,Anil Kumar,+91 98765 43213,rail",
    "0000000000000005,Bina Das,+91 98765 43214,rail",
];

/// The folder and the answers of [`BOOKED`].
fn booked() -> (Folder, Vec<String>) {
    let folder = Folder::new();
    folder.write("people.csv", BOOKED);
    let answers = folder.issue(&format!("--batch people.csv --audience {AUDIENCE}")).good();
    let answers = answers.lines().map(ToOwned::to_owned).collect();
    (folder, answers)
}

/// The answers beside what is expected of them, and a column for another program.
fn day(answers: &[String]) -> String {
    let rows = answers.iter().zip(EXPECTED).map(|(answer, expected)| format!("{answer},A1,{expected}\n"));
    format!("Token,seat,nonce,name,mobile,purpose\n{}", rows.collect::<String>())
}

fn check(folder: &Folder, options: &str) -> Run {
    let nonce = if options.contains("nonce") { "" } else { "--columns nonce" };
    folder.verify(&format!("{nonce} --audience {AUDIENCE} --batch day.csv {options}"), NOTHING)
}

fn starts(run: &Run) -> Vec<&str> {
    run.stdout.lines().map(|line| line.split(':').next().unwrap_or_default()).collect()
}

#[test]
fn each_row_is_checked_against_its_own_cells() {
    let (folder, answers) = booked();
    folder.write("day.csv", day(&answers));
    let all = check(&folder, "--columns nonce,name,mobile,purpose")
        .ends(1, "1 good, 3 not good, 1 valid but not enough\n");
    assert_eq!(
        starts(&all),
        ["good[2]", "not enough[1]", "error[wrong_purpose]", "error[wrong_nonce]", "error[wrong_subject]"]
    );
    // A column that the call does not name is ignored.
    let nonces = check(&folder, "--columns nonce").ends(1, "3 good, 1 not good, 1 valid but not enough\n");
    assert_eq!(starts(&nonces)[3], "error[wrong_nonce]");
    let purpose = check(&folder, "--columns token,nonce --purpose rail");
    purpose.ends(1, "3 good, 1 not good, 1 valid but not enough\n");
    let same = check(&folder, "--columns token --nonce 0000000000000001");
    same.ends(1, "1 good, 4 not good\n");
}

#[test]
fn a_row_of_json_holds_what_was_checked_and_its_line() {
    let (folder, answers) = booked();
    folder.write("day.csv", day(&answers).replacen('\n', "\n\n,,,,,\n", 1));
    let rows = check(&folder, "--columns nonce,name,mobile --at-least 0 --json").ends(1, "").json_lines();
    let lines: Vec<_> = rows.iter().map(|row| (row["line"].as_u64(), row["ok"].as_bool())).collect();
    assert_eq!(
        lines,
        [(4, true), (5, true), (6, true), (7, false), (8, false)].map(|(line, ok)| (Some(line), Some(ok)))
    );
    let first = &rows[0];
    assert_eq!(first["audience"], AUDIENCE);
    assert_eq!(first["purpose"], "rail");
    assert_eq!(first["nonce"], "0000000000000001");
    assert_eq!(first["key_id"], crate::support::KEY_ID);
    assert_eq!((&first["specimen"], &first["subject_matched"]), (&false.into(), &true.into()));
    let rows = check(&folder, "--json").ends(1, "").json_lines();
    assert_eq!(rows[0]["subject_matched"], false);
}

/// A row without its challenge or name is never checked for less, and its token is not used up.
#[test]
fn a_row_with_an_empty_cell_is_not_checked() {
    let (folder, answers) = booked();
    let columns = ["nonce", "name", "mobile", "purpose"];
    let full = ["0000000000000001", "Asha R. Verma", "9876543210", "rail"];
    for (column, name) in columns.into_iter().enumerate() {
        for (number, blank) in ["", "  ", "\"\"", "\u{3000}\u{200b}"].into_iter().enumerate() {
            let mut cells = full;
            cells[column] = blank;
            let [row, good] = [cells, full].map(|cells| format!("{},{}", answers[0], cells.join(",")));
            folder.write("day.csv", format!("token,{}\n{row}\n{good}\n", columns.join(",")));
            let call = format!("--columns {} --used used-{column}-{number}.db", columns.join(","));
            let run = check(&folder, &call);
            let error = format!("error[bad_csv]: line 2: the row has no {name}, which --columns asks for");
            assert_eq!(run.stdout.lines().next(), Some(&*error), "{run:?}");
            let count = "1 good, 0 not good, 1 not checked because the row is incomplete or unreadable\n";
            run.ends(2, count);
        }
    }
    for (row, code) in [
        ("zz,Asha,9876543210,rail", "bad_csv"),
        ("00,Asha,9876543210,rail", "invalid_claim"),
        ("0000000000000001,---,9876543210,rail", "invalid_claim"),
        ("0000000000000001,Asha,phone,rail", "invalid_claim"),
        ("0000000000000001,Asha,9876543210", "bad_csv"),
        ("0000000000000001,\"Asha,9876543210,rail", "bad_csv"),
    ] {
        folder.write("day.csv", format!("token,{}\n{},{row}\n", columns.join(","), answers[0]));
        let run = check(&folder, &format!("--columns {}", columns.join(",")))
            .ends(2, "0 good, 0 not good, 1 not checked");
        assert!(run.stdout.starts_with(&format!("error[{code}]: line 2: ")), "{row}: {run:?}");
        assert!(!run.stdout.contains("Asha") && !run.stdout.contains("98765"), "{run:?}");
    }
}

#[test]
fn a_table_without_a_column_that_is_asked_for_is_refused() {
    let (folder, answers) = booked();
    for (head, missing) in [
        ("token,nonse,name", "nonce"),
        ("token,nonce,nmae", "name"),
        ("tokn,nonce,name", "token"),
        (answers[0].as_str(), "nonce"),
    ] {
        folder.write("day.csv", format!("{head}\n{},0000000000000001,Asha R. Verma\n", answers[0]));
        let run = check(&folder, "--columns nonce,name");
        let error = format!("error[bad_csv]: `day.csv`: line 1: there is no column `{missing}`\n");
        assert_eq!((run.stdout.as_str(), run.stderr.as_str(), run.status), ("", error.as_str(), Some(2)));
    }
    folder.write("day.csv", "token,nonce,Nonce\n");
    check(&folder, "").ends(2, "line 1: column 3 is `nonce` a second time");
    folder.write("day.csv", "token,nonce\n");
    check(&folder, "").ends(2, "error[bad_csv]: `day.csv` names columns and has no row");
    folder.write("day.csv", "");
    check(&folder, "").ends(2, "error[bad_csv]: `day.csv` is empty");
}

/// The call decides what to check, never the file.
#[test]
fn the_file_cannot_choose_what_is_checked() {
    let (folder, answers) = booked();
    folder.write("day.csv", day(&answers));
    for head in ["token,nonce", " Token ;nonce", "nonce\t\"token\"", "token"] {
        folder.write("heads.csv", format!("\u{feff}{head}\n{},0000000000000001\n", answers[0]));
        let run = folder.verify(&format!("--no-nonce --audience {AUDIENCE} --batch heads.csv"), NOTHING);
        assert_eq!(run.stdout, "");
        run.ends(2, "error[usage]: the first line of `heads.csv` names columns: say with --columns");
    }
    for (options, error) in [
        ("--columns nonce --nonce 0000000000000001", "and --nonce says it for all"),
        ("--columns nonce --no-nonce", "and --no-nonce says it for all"),
        ("--columns nonce,purpose --purpose rail", "and --purpose says it for all"),
        ("--columns nonce,name --name Asha", "and --name says it for all"),
        ("--columns nonce,name --subject-file people.csv", "and --subject-file says it for all"),
        ("--columns nonce,mobile", "a mobile number is checked together with a name"),
        ("--columns nonce,seat", "invalid value 'seat'"),
        ("--columns name --nonce zz", "a nonce is written in hex"),
    ] {
        let run = check(&folder, options).ends(2, "error[usage]: ");
        assert!(run.stderr.contains(error) && run.stdout.is_empty(), "{options}: {run:?}");
    }
    let none = format!("verify --trust trust.cbor --audience {AUDIENCE} --batch day.csv --columns name");
    folder.run(&none, NOTHING).ends(2, "or that each row has its own with --columns nonce");
    let no_batch = format!("verify --trust trust.cbor --audience {AUDIENCE} --columns nonce answer.txt");
    folder
        .run(&no_batch, NOTHING)
        .ends(2, "error[usage]: --columns is for the rows of a table: give the table with --batch");
}

#[test]
fn a_table_is_read_however_it_was_saved() {
    let (folder, answers) = booked();
    let forms = [("\u{feff}", ",", "\r\n"), ("", ";", "\r"), ("sep=\t\n", "\t", "\n"), ("", "|", "\n")];
    for (start, separator, end) in forms {
        let head = ["mobile", "NONCE", "name", " token "].join(separator);
        let row = ["9876543210", "0000000000000001", "Asha R. Verma", &answers[0]].join(separator);
        folder.write("day.csv", format!("{start}{head}{end}{row}{end}"));
        check(&folder, "--columns nonce,name,mobile").ends(0, "1 good, 0 not good\n");
    }
    let token = kycvs::Presentation::from_text(&answers[0]).expect("an answer");
    let long = "A".repeat(5_000);
    folder.write(
        "day.csv",
        format!(
            "token,nonce\n{},0000000000000001\n\"{}\n\",0000000000000001\n{long},0000000000000001\n,0000000000000001\n",
            hex::encode(&token),
            token.to_base64url(),
        ),
    );
    let run = check(&folder, "").ends(1, "1 good, 3 not good (1 the same token again)\n");
    assert_eq!(starts(&run), ["good[2]", "error[replayed]", "error[too_large]", "error[bad_text]"]);
}
