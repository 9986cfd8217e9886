//! Holds that the file `kycvs.toml` tells of every setting, and the truth about it.

use std::collections::BTreeSet;

use super::Config;

const FILE: &str = include_str!("../../kycvs.toml");
const OTHER_DELIVERIES: &str = "# ---- Other ways";

fn parse(text: &str) -> Result<Config, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

/// The file with every setting in it that stands behind a `#` without a space.
fn with_all_settings(text: &str) -> String {
    text.lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n"
        })
        .collect()
}

fn main_part() -> &'static str {
    FILE.split(OTHER_DELIVERIES).next().expect("a part")
}

/// The other ways of delivery, each as its own text.
fn other_deliveries() -> Vec<String> {
    let rest = FILE.split(OTHER_DELIVERIES).nth(1).expect("the part on other deliveries");
    with_all_settings(rest).split("\n[delivery]").skip(1).map(str::to_owned).collect()
}

/// The whole file with this in place of its delivery.
fn with_delivery(delivery: &str) -> String {
    let main = main_part();
    let (before, after) = main.split_once("[delivery]").expect("a delivery");
    let (_, after) = after.split_once("[webhooks]").expect("what follows");
    format!("specimen = true\n{before}[delivery]{delivery}\n[webhooks]{after}")
}

#[test]
fn the_file_as_it_is_can_be_used() {
    parse(FILE).expect("it is read").check().expect("it is right");
}

#[test]
fn every_line_of_it_can_be_used() {
    let config = parse(&with_all_settings(main_part())).expect("it is read");
    config.check().expect("it is right");
    assert!(config.tls.is_some() && config.database.url_file.is_some());
}

#[test]
fn what_stands_behind_the_sign_is_the_default() {
    let plain = parse(FILE).expect("it is read");
    let mut all = parse(&with_all_settings(main_part())).expect("it is read");
    // These are called examples there.
    all.tls = None;
    all.key_passphrase_file = None;
    all.database.url_file = None;
    assert_eq!(format!("{all:?}"), format!("{plain:?}"));
}

#[test]
fn other_ways_of_delivery_can_be_used() {
    let ways = other_deliveries();
    assert_eq!(ways.len(), 2);
    for way in ways {
        parse(&with_delivery(&way))
            .unwrap_or_else(|error| panic!("{way}: {error}"))
            .check()
            .expect("it is right");
    }
}

/// The names that a table takes, as the error on one that it does not take lists them.
fn names(text: &str) -> BTreeSet<String> {
    let error = parse(text).expect_err("there is a word that is no setting");
    if error.contains("there are no fields") {
        return BTreeSet::new();
    }
    let (_, list) = error.split_once("expected ").unwrap_or_else(|| panic!("{error}"));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_setting_is_in_it() {
    let all = with_all_settings(main_part());
    let top = names(&format!("no_such_setting = 1\n{all}"));
    assert!(top.len() > 15, "{top:?}");
    let mut tables = 0;
    for name in &top {
        let table = format!("[{name}]");
        let Some((_, rest)) = all.split_once(&table) else {
            assert!(all.contains(&format!("\n{name} = ")), "{name} is not in kycvs.toml");
            continue;
        };
        tables += 1;
        let table_text = rest.split("\n[").next().expect("a table");
        if name == "delivery" {
            continue;
        }
        for setting in names(&all.replace(&table, &format!("{table}\nno_such_setting = 1"))) {
            assert!(table_text.contains(&format!("\n{setting} = ")), "{name}.{setting} is not in kycvs.toml");
        }
    }
    assert_eq!(tables, 13);
}

#[test]
fn every_setting_of_every_delivery_is_in_it() {
    let first = with_all_settings(main_part());
    let (_, webhook) = first.split_once("[delivery]").expect("a delivery");
    let webhook = webhook.split("\n[").next().expect("a table").to_owned();
    for way in other_deliveries().into_iter().chain([webhook]) {
        let error = parse(&with_delivery(&format!("\nno_such_setting = 1{way}"))).expect_err("no setting");
        assert!(error.contains("unknown field"), "{way}: {error}");
        for setting in names(&with_delivery(&format!("\nno_such_setting = 1{way}"))) {
            assert!(
                way.contains(&format!("\n{setting} = ")),
                "delivery.{setting} is not in kycvs.toml:\n{way}"
            );
        }
    }
}
