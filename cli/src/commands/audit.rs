//! `kycvs audit verify`: the log of consents and refusals, computed again.

use kycvs_issuer::audit::{self, Verdict};
use serde::Serialize;

use super::admin::{failed, with_existing};
use crate::args::AuditVerify;
use crate::failure::{DONE, Failure, Result};
use crate::output::Output;
use crate::progress;

#[derive(Serialize)]
struct Whole {
    ok: bool,
    entries: i64,
    head: String,
}

pub(super) fn verify(options: &AuditVerify, out: &mut Output) -> Result<u8> {
    let bar = progress::bar(None, true);
    let told = |seq| {
        if seq % 1_000 == 0 {
            bar.set_message(format!("{seq} entries"));
            bar.tick();
        }
    };
    let verdict = with_existing(&options.config, async |admin| {
        audit::verify(admin, options.expect, told).await.map_err(failed)
    });
    bar.finish_and_clear();
    match verdict? {
        Verdict::Whole(head) => {
            let whole = Whole { ok: true, entries: head.seq, head: head.to_string() };
            if out.is_json() {
                out.object(&whole)?;
            } else {
                out.line("good: the log is whole")?;
                out.line("")?;
                out.line(&format!("  entries  {}", whole.entries))?;
                out.line(&format!("  head     {}", whole.head))?;
            }
            Ok(DONE)
        }
        Verdict::Broken { seq, fault } => Err(Failure::BrokenLog(format!("entry {seq} of the log: {fault}"))),
    }
}
