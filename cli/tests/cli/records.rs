//! `kycvs records import`: files as they come, and many of them.

use std::fmt::Write as _;

use crate::support::{Folder, ISSUER, NOTHING, Run, run};

/// A folder with the settings of a service; `database` is the path in them.
fn service(database: &str) -> Folder {
    let folder = Folder::new();
    folder.write(
        "kycvs.toml",
        format!(
            "\u{feff}public_url = 'https://issuer.example'\nissuer = '{ISSUER}'\ndisplay_name = 'Example'\n\
             key_file = 'issuer.pem'\nsecret_file = 'secret'\n[database]\nurl = 'sqlite:{database}'\n\
             [delivery]\nkind = 'webhook'\nurl = 'https://sms.example/send'\n"
        ),
    );
    folder.write("secret", format!("\u{feff}{}\r\n", "ab".repeat(32)));
    folder.set_mode("secret", 0o600);
    folder
}

#[track_caller]
fn import(folder: &Folder, files: &str) -> Run {
    folder.run(&format!("records import --config kycvs.toml {files}"), NOTHING)
}

#[test]
fn more_files_than_a_process_may_have_open_are_imported() {
    let folder = service("kycvs.db");
    let mut files = String::new();
    for number in 0..100 {
        let name = format!("{number}.csv");
        folder.write(&name, format!("mobile,name,doses,required\n9876543210,Person {number},1,2\n"));
        let _ = write!(files, " {name}");
    }
    // Of these, a database and a runtime need some.
    let script = format!(
        "ulimit -n 40; exec {} records import --config kycvs.toml {files}",
        env!("CARGO_BIN_EXE_kycvs")
    );
    let mut command = std::process::Command::new("sh");
    let imported = run(command.current_dir(folder.path(".")).args(["-c", &script]), b"").good();
    assert_eq!(imported, "100 written, 0 bad\n");
}

#[test]
fn a_later_file_that_is_missing_leaves_everything_as_it_was() {
    let folder = service("kycvs.db");
    folder.write("a.csv", "mobile,name,doses,required\n9876543210,Asha,2,2\n");
    folder.write("unknown.txt", "nonsense");
    let before = folder.names();
    import(&folder, "a.csv missing.csv")
        .ends(2, "error[io]: cannot read `missing.csv`: No such file or directory");
    import(&folder, "--format csv a.csv .").ends(2, "error[io]: cannot read `.`: it is a folder");
    import(&folder, "a.csv unknown.txt").ends(2, "error[usage]");
    import(&folder, "--format csv - a.csv -").ends(2, "error[usage]: only one file can be standard input");
    assert_eq!(folder.names(), before);
}

/// Exports have many names.
#[test]
fn a_file_is_what_its_content_says_whatever_its_name() {
    const PATIENT: &str = r#"{"resourceType":"Patient","id":"p","name":[{"text":"Asha"}],"telecom":[{"system":"phone","value":"+919876543210"}]}"#;
    const DOSE: &str = r#"{"resourceType":"Immunization","id":"i","status":"completed","vaccineCode":{"coding":[{"code":"covid"}]},"patient":{"reference":"Patient/p"},"occurrenceDateTime":"2021-05-01","protocolApplied":[{"doseNumberPositiveInt":1,"seriesDosesPositiveInt":2}]}"#;
    let bundle = format!(
        "{{\n\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{{\"resource\":{PATIENT}}},{{\"resource\":{DOSE}}}]}}"
    );
    let contents = [
        "mobile,name,doses,required\n9876543210,Asha,1,2\n".to_owned(),
        format!("{PATIENT}\n{DOSE}\n"),
        bundle.replace('\n', ""),
        bundle,
    ];
    for content in &contents {
        let folder = service("kycvs.db");
        for name in ["export", "a.csv", "a.json", "a.ndjson", "a.fhir"] {
            folder.write(name, content);
            let said = import(&folder, &format!("--vaccine covid {name}")).good();
            assert_eq!(said, "1 written, 0 bad\n", "{name}: {content}");
        }
        let call = "records import --config kycvs.toml --vaccine covid -";
        let said = folder.run_with(call, NOTHING, content.as_bytes()).good();
        assert_eq!(said, "1 written, 0 bad\n", "{content}");
    }
    let folder = service("kycvs.db");
    let before = folder.names();
    for name in ["a.csv", "a.ndjson.gz", "a.json"] {
        folder.write(name, b"\x1f\x8b\x08\0\0\0\0\0");
        import(&folder, &format!("--vaccine covid {name}"))
            .ends(2, &format!("error[io]: `{name}`: it is compressed with gzip: unpack it\n"));
        std::fs::remove_file(folder.path(name)).expect("it is there");
    }
    assert_eq!(folder.names(), before);
}

#[test]
fn tables_as_spreadsheets_save_them_are_imported() {
    let folder = service("kycvs.db");
    for (text, said) in [
        ("mobile,name,doses,required\r9876543210,Asha,2,2\r9876543211,Ravi,1,2\r", "2 written, 0 bad\n"),
        (
            "\u{feff}\"mobile\";\"name\";\"doses\";\"required\"\r\n9876543210;Asha;2;2\r\n;;;\r\n",
            "1 written, 0 bad\n",
        ),
        ("sep=\t\nmobile\tname\tdoses\trequired\n9876543210\tAsha\t\u{968}\t\u{968}\n", "1 written, 0 bad\n"),
        (
            "mobile,name,doses,required,note\n9876543210,Asha,0,2,\"said:\n9876543211,Ravi,2,2,\n\"\n",
            "1 written, 0 bad\n",
        ),
        (
            "mobile,name,doses,required\n\u{96f}\u{96e}\u{96d}\u{96c}\u{96b}\u{96a}\u{969}\u{968}\u{967}\u{966},Asha,\u{a0}1\u{a0},2\n",
            "1 written, 0 bad\n",
        ),
    ] {
        folder.write("people.csv", text);
        let report = import(&folder, "people.csv").good();
        // The report also counts other people in the register. They do not matter here.
        assert_eq!(report.trim_end().split("; ").next(), Some(said.trim_end()), "{text:?}");
    }
    folder.write("people.csv", "mobile\u{ff0c}name\n");
    import(&folder, "people.csv").ends(2, "`people.csv`: the separator of the first row is U+FF0C");
    let utf16: Vec<u8> = "mobile,name".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (name, more) in [("a.csv", ""), ("a.json", "--vaccine 1"), ("a.ndjson", "--vaccine 1")] {
        folder.write(name, &utf16);
        let refused = import(&folder, &format!("{more} {name}"));
        refused.ends(2, &format!("`{name}`: it is UTF-16 text: save it as UTF-8"));
    }
}

#[test]
fn the_database_is_the_file_that_the_settings_name() {
    for name in ["100%.db", "a%20b.db", "a?b.db", "a#b c.db", "\u{928}.db"] {
        let folder = service(name);
        folder.write("a.csv", "mobile,name,doses,required\n9876543210,Asha,2,2\n");
        import(&folder, "a.csv").good();
        folder.run("audit verify --config kycvs.toml", NOTHING).good();
        let made: Vec<_> = folder.names().into_iter().filter(|name| name.contains(".db")).collect();
        assert_eq!(made, [name]);
    }
}

/// People give `--dry-run` to learn whether the import would stop.
#[test]
fn dry_run_of_an_import_that_stops_says_so_and_ends_as_the_import_does() {
    let folder = service("kycvs.db");
    let people = |doses: u32| {
        let rows = (0..4).map(|number| format!("9876543210,Person {number},{doses},2\n"));
        std::iter::once("mobile,name,doses,required\n".to_owned()).chain(rows).collect::<String>()
    };
    folder.write("full.csv", people(2));
    folder.write("lower.csv", people(1));
    import(&folder, "full.csv").good();
    let stops = "4 of 4 people who are in the register would fall to a lower status";
    import(&folder, "lower.csv").ends(2, stops);
    let dry = import(&folder, "--dry-run lower.csv")
        .ends(2, &format!("error[usage]: the import without `--dry-run` stops: {stops}"));
    assert!(dry.stdout.contains("4 to a lower one"), "{}", dry.stdout);
    let json = import(&folder, "--json --dry-run lower.csv");
    let said = json.json();
    assert_eq!(
        (json.status, said["ok"].as_bool(), said["changes"]["lower"].as_u64()),
        (Some(2), Some(false), Some(4))
    );
    assert!(said["stops"].as_str().is_some_and(|why| why.contains(stops)), "{said}");
    let forced = import(&folder, "--force --json --dry-run lower.csv");
    assert_eq!((forced.status, forced.json().get("stops")), (Some(0), None));
    let harmless = import(&folder, "--json --dry-run full.csv");
    assert_eq!((harmless.status, harmless.json().get("stops")), (Some(0), None));
}
