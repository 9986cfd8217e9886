//! Bars, as SVG that can be read on a light and on a dark page.

use std::fmt::Write as _;

/// A bar.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// What stands beside it.
    pub(crate) figure: String,
}

const WIDTH: f64 = 760.0;
const LABELS: f64 = 290.0;
const FIGURES: f64 = 90.0;
const LINE: f64 = 22.0;
const TOP: f64 = 40.0;

/// Horizontal bars from zero; ours stand out. `line` is drawn where the reference is.
pub(crate) fn bars(title: &str, bars: &[Bar], line: Option<f64>) -> String {
    let most = bars.iter().map(|bar| bar.value).fold(line.unwrap_or(0.0), f64::max);
    let scale = (WIDTH - LABELS - FIGURES) / most;
    #[allow(clippy::cast_precision_loss, reason = "some dozens of bars")]
    let y = |i: usize| TOP + LINE * i as f64;
    let height = y(bars.len()) + 8.0;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{title}">
<style>
text {{ font: 13px system-ui, sans-serif; fill: #1f2328 }}
.title {{ font-weight: 600; font-size: 14px }}
.ours {{ fill: #0b6bcb }}
.peer {{ fill: #8b949e }}
line {{ stroke: #1f2328; stroke-dasharray: 3 3 }}
@media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .ours {{ fill: #4aa3ff }} line {{ stroke: #e6edf3 }} }}
</style>
<text class="title" x="8" y="22">{title}</text>
"#
    );
    for (i, bar) in bars.iter().enumerate() {
        let (class, top, length) = (class(&bar.label), y(i), bar.value * scale);
        let (middle, left, right) = (top + 12.0, LABELS - 8.0, LABELS + length + 6.0);
        let _ = writeln!(
            svg,
            r#"<text x="{left}" y="{middle}" text-anchor="end">{}</text><rect class="{class}" x="{LABELS}" y="{top}" width="{length:.1}" height="16" rx="2"/><text x="{right:.1}" y="{middle}">{}</text>"#,
            bar.label, bar.figure
        );
    }
    if let Some(line) = line {
        let x = LABELS + line * scale;
        let _ = writeln!(svg, r#"<line x1="{x:.1}" x2="{x:.1}" y1="{}" y2="{}"/>"#, TOP - 6.0, y(bars.len()));
    }
    svg.push_str("</svg>\n");
    svg
}

fn class(label: &str) -> &'static str {
    if label.starts_with("kycvs") { "ours" } else { "peer" }
}
