//! Sealing: a message encrypted once, its key closed for each reader. `FORMAT.md` is the law here.
//! It touches no file, clock or socket, and takes its randomness from the caller.

mod derive;
mod entropy;
mod grant;
mod header;
mod ids;
mod letter;
mod outline;
mod passcode;
mod records;
mod secrets;
mod server_key;
mod state;
mod stream;
mod summary;
mod words;
mod wrap;

pub use entropy::Entropy;
pub use grant::Grant;
pub use header::{HEADER_BYTES, Header};
pub use ids::{GrantId, HeldId, IdError, LetterId};
pub use letter::{SealedMessage, Sealer, seal};
pub use outline::{close_outline, open_outline};
pub use passcode::{LONG_PASSCODE_DIGITS, PASSCODE_DIGITS, Passcode, long_passcode, passcode};
pub use secrets::{ContentKey, LinkSecret, SecretError, ShredKey};
pub use server_key::{KeyFileError, KeyId, SERVER_KEYS_MAX, ServerKey};
pub use state::{GrantState, Standing};
pub use stream::{CHUNK_BYTES, TAG_BYTES};
pub use summary::{close_summary, open_summary};
pub use words::reference_words;
pub use wrap::{WRAP_BYTES, Wrap, unwrap, wrap};

/// Why something closed stays closed. It says nothing of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The first bytes are not those of a sealed letter.
    #[error("this is not a sealed letter")]
    Foreign,
    /// A version, chunk size or record form that this build does not know.
    #[error("the sealed form is not known here")]
    UnknownForm,
    /// Cut short or with bytes added: the length does not agree with the header.
    #[error("the sealed letter has the wrong length")]
    Length,
    /// A byte range that does not lie within the letter.
    #[error("the asked range does not lie within the letter")]
    Range,
    /// Wrong key, or bytes changed, swapped, replayed or bound to something else.
    #[error("the seal does not fit")]
    Refused,
    /// Closed under a server key that is not in the key file.
    #[error("it was closed under a server key that is not at hand")]
    UnknownKey,
}
