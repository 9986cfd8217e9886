//! Does one thing so many times, and nothing else: `cargo xtask bench instructions` counts what that takes.

use std::{env, error::Error, hint::black_box};

use kycvs_benches::{Bulk, Sides};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().ok_or("say what to do")?;
    let calls: usize = arguments.next().ok_or("say how often")?.parse()?;
    match name.as_str() {
        "parse" => {
            let sides = Sides::new()?;
            repeat(calls, || sides.parse().map(drop))
        }
        "issue" => {
            let sides = Sides::new()?;
            repeat(calls, || sides.issue().map(drop))
        }
        "verify" => {
            let sides = Sides::new()?;
            repeat(calls, || sides.verify().map(drop))
        }
        "verify-prepared" => {
            let sides = Sides::new()?;
            sides.prepare();
            repeat(calls, || sides.verify_prepared().map(drop))
        }
        "verify-bulk-64" => {
            let bulk = Bulk::new(1, 64)?;
            repeat(calls, || bulk.verify())
        }
        other => return Err(format!("nothing here is called `{other}`").into()),
    }?;
    Ok(())
}

fn repeat(calls: usize, mut call: impl FnMut() -> kycvs::Result<()>) -> kycvs::Result<()> {
    (0..calls).try_for_each(|_| black_box(call()))
}
