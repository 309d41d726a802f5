//! How long each side should wait (RFC 5321 §4.5.3.2). The machines have no clock; their
//! drivers hold these times, or shorter ones of their configuration.

use core::time::Duration;

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// A client waits this long for the 220 greeting (§4.5.3.2.1).
pub const GREETING: Duration = minutes(5);
/// A client waits this long for the answer to `EHLO`, `HELO`, `STARTTLS`, `RSET` or `QUIT`.
pub const COMMAND: Duration = minutes(5);
/// A client waits this long for the answer to `MAIL` (§4.5.3.2.2).
pub const MAIL: Duration = minutes(5);
/// A client waits this long for the answer to `RCPT` (§4.5.3.2.3).
pub const RECIPIENT: Duration = minutes(5);
/// A client waits this long for 354 (§4.5.3.2.4).
pub const DATA_START: Duration = minutes(2);
/// A client waits this long for each block of data to be taken (§4.5.3.2.5).
pub const DATA_BLOCK: Duration = minutes(3);
/// A client waits this long for the answer to the final dot (§4.5.3.2.6). Cutting it short
/// makes duplicates (RFC 1047).
pub const DATA_END: Duration = minutes(10);
/// A server waits this long for the next command or block of data (§4.5.3.2.7).
pub const SERVER: Duration = minutes(5);
