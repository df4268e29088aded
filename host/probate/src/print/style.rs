//! Colors, few and with a meaning.

use anstyle::{AnsiColor, Style};

/// Something goes, or is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Look twice.
pub const CAREFUL: Style = AnsiColor::Yellow.on_default().bold();
/// As it should be.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Beside the point.
pub const QUIET: Style = Style::new().dimmed();
/// Headings.
pub const HEAD: Style = Style::new().bold();
/// Nothing special.
pub const PLAIN: Style = Style::new();
