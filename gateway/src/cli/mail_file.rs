//! Messages that stand in files, brought to the form in which they would arrive.

use std::path::Path;

/// The largest message that is read from a file.
pub const MAIL_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads a mail and brings it to CRLF, as it would arrive.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error| format!("cannot read `{}`: {error}", path.display());
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MAIL_FILE_BYTES_MAX {
        return Err(format!(
            "`{}` is larger than {MAIL_FILE_BYTES_MAX} bytes",
            path.display()
        ));
    }
    Ok(crlf(&std::fs::read(path).map_err(failed)?))
}

/// Every line end as CRLF; files on disk mostly have LF.
pub(super) fn crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    let mut last = 0;
    for &byte in text {
        if byte == b'\n' && last != b'\r' {
            out.push(b'\r');
        }
        out.push(byte);
        last = byte;
    }
    out
}
