//! A progress bar on a terminal's standard error; nothing anywhere else.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over `total` bytes of input, or a counter of them where that is not known.
///
/// Where standard output is a terminal too, the lines that appear there are progress enough: there is no bar, unless
/// the output goes elsewhere.
pub(crate) fn bar(total: Option<u64>, output_elsewhere: bool) -> ProgressBar {
    if !io::stderr().is_terminal() || (io::stdout().is_terminal() && !output_elsewhere) {
        return ProgressBar::hidden();
    }
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{wide_bar} {percent:>3} %  {msg}  {eta:>4} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
