//! `kycvs demo`, and the sizes that the format promises.

use crate::support::{AUDIENCE, Folder, NONCE, NOTHING};

#[test]
fn the_demo_tells_the_whole_story_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let before = folder.names();
    let text = folder.run("demo", NOTHING).good();
    for part in [
        "242 bytes",
        "version 12",
        "2, fully vaccinated; the name matches",
        "a flipped bit     refused: bad_signature (8)",
        "another audience  refused: wrong_audience (14)",
        "another nonce     refused: wrong_nonce (15)",
        "another name      refused: wrong_subject (17)",
        "an hour later     refused: expired (12)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.lines().filter(|line| line.contains('\u{2588}')).count() > 30, "{text}");
    assert!(!text.contains('\u{1b}'), "colours are for terminals: {text}");
    assert_eq!(folder.names(), before);
}

#[test]
fn the_demo_is_one_json_object_too() {
    let story = Folder::new().run("demo --json", NOTHING).ends(0, "").json();
    assert_eq!(story["ok"], true);
    assert_eq!(story["token_bytes"], 242);
    assert_eq!(story["presentation_bytes"], 259);
    assert_eq!(story["qr_version"], 12);
    assert_eq!(story["verdict"]["subject_matched"], true);
    let codes: Vec<_> =
        story["refusals"].as_array().expect("a list").iter().map(|case| &case["number"]).collect();
    assert_eq!(codes, [8, 14, 15, 17, 12]);
}

#[test]
fn the_sizes_are_those_of_the_format() {
    let folder = Folder::new();
    let words = "--status 2 --purpose rail-booking --name Asha --json";
    let bound = folder.issue(&format!("{words} --audience {AUDIENCE} --nonce {NONCE}")).json();
    assert_eq!(bound["bytes"], 242 + 17);
    let code = folder.run("qr --json {}", &[bound["text"].as_str().expect("text")]).json();
    assert_eq!((&code["version"], &code["level"]), (&12.into(), &"M".into()));

    let open = folder.issue(words).json();
    let code = folder.run("qr --json {}", &[open["text"].as_str().expect("text")]).json();
    assert_eq!((&code["version"], &code["level"]), (&11.into(), &"M".into()));
}
