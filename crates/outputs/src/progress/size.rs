//! How large the terminal is.

use libc::{STDERR_FILENO, STDOUT_FILENO};

/// Of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// At least 1.
    pub columns: usize,
    pub rows: usize,
}

impl Size {
    /// What is taken when a terminal does not say.
    pub const DEFAULT: Size = Size { columns: 80, rows: 24 };

    /// Of the terminal that standard output is, or standard error; none when neither is one or says.
    pub fn detect() -> Option<Size> {
        [STDOUT_FILENO, STDERR_FILENO].into_iter().find_map(of_descriptor)
    }
}

fn of_descriptor(descriptor: libc::c_int) -> Option<Size> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    #[expect(unsafe_code, reason = "the standard library does not know how large a terminal is")]
    // SAFETY: the call writes at most a `winsize` to the pointer, which is valid for one.
    let result = unsafe { libc::ioctl(descriptor, libc::TIOCGWINSZ, &raw mut size) };
    let rows = if size.ws_row > 0 { usize::from(size.ws_row) } else { Size::DEFAULT.rows };
    (result == 0 && size.ws_col > 0).then_some(Size { columns: usize::from(size.ws_col), rows })
}
