//! How many complete journeys a second the service makes, and how long its calls take: on SQLite, on PostgreSQL, and with
//! two instances that share one PostgreSQL. The load comes from the same machine.

use std::process::ExitCode;

use serde_json::Value;

use crate::context::{Context, Stop};
use crate::steps::service::Programs;
use crate::tools::{Postgres, Storage, postgres};

/// Measures each for `seconds` and prints one table, in Markdown.
pub(crate) fn run(seconds: u64) -> ExitCode {
    let result =
        Context::new("journeys").map_err(Stop::from).and_then(|mut context| measure(&mut context, seconds));
    super::end(result.map(|()| true))
}

fn measure(context: &mut Context, seconds: u64) -> Result<(), Stop> {
    eprintln!("building, see {}", context.log_name());
    let programs = Programs::build(context)?;
    let server = postgres(context, Storage::Disk)?;
    let mut lines = Vec::new();
    for (name, server, instances) in [
        ("SQLite", None, 1),
        ("PostgreSQL", Some(&server), 1),
        ("PostgreSQL, two instances", Some(&server), 2),
    ] {
        eprintln!("{name}: {seconds} seconds");
        let report = journeys(context, &programs, server, seconds, instances)?;
        let claims = report["claims"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(broken) = claims.iter().find(|claim| claim["holds"] != true) {
            return Err(Stop::Failed(format!("{name}: {}: {}", broken["claim"], broken["detail"])));
        }
        lines.push(line(name, &report)?);
    }
    println!("| | journeys a second | journey | create | otp | confirm | get | ack |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    for line in lines {
        println!("{line}");
    }
    println!(
        "\nMilliseconds, p50 / p99, with 16 clients on the same machine; each answer was verified, and none was lost or doubled."
    );
    Ok(())
}

fn journeys(
    context: &mut Context,
    programs: &Programs,
    server: Option<&Postgres>,
    seconds: u64,
    instances: u32,
) -> Result<Value, Stop> {
    let mut command = programs.command(context, "journeys", server);
    command.args(["--json", "--seconds", &seconds.to_string(), "--instances", &instances.to_string()]);
    let ran = context.run(&mut command)?;
    // It prints its report where claims are broken as well.
    let report = ran.text.lines().find_map(|line| serde_json::from_str(line).ok());
    report.ok_or_else(|| Stop::Failed(format!("kycvs-proof gave no report: {}", ran.text.trim())))
}

/// One row of the table.
fn line(name: &str, report: &Value) -> Result<String, Stop> {
    let lacks = |what: &str| Stop::Failed(format!("the report lacks {what}"));
    let rate = report["figures"]["journeys a second"].as_str().ok_or_else(|| lacks("the rate"))?;
    let rows = report["table"].as_array().ok_or_else(|| lacks("the table"))?;
    let mut cells = vec![name.to_owned(), rate.to_owned()];
    for call in ["journey", "create", "otp", "confirm", "get", "ack"] {
        let row = rows.iter().find(|row| row[0] == call).ok_or_else(|| lacks(call))?;
        let (middle, tail) = (row[2].as_str().unwrap_or("?"), row[3].as_str().unwrap_or("?"));
        cells.push(format!("{middle} / {tail}"));
    }
    Ok(format!("| {} |", cells.join(" | ")))
}

#[cfg(test)]
mod tests {
    use super::line;
    use serde_json::json;

    #[test]
    fn a_row_has_the_middle_and_the_tail_of_each_call() {
        let call = |name: &str| json!([name, "10", "1.0", "2.0", "3.0"]);
        let names = ["create", "otp", "confirm", "get", "ack", "journey"];
        let report = json!({
            "figures": { "journeys a second": "99.5" },
            "table": names.iter().map(|name| call(name)).collect::<Vec<_>>(),
        });
        let line = line("SQLite", &report).expect("it is whole");
        assert!(line.starts_with("| SQLite | 99.5 | 1.0 / 2.0 |"), "{line}");
        assert!(super::line("SQLite", &json!({})).is_err());
    }
}
