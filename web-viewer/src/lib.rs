//! The web viewer: a recipient proves that the mailbox is his and reads a sealed letter.
//!
//! It never reveals content, sends mail or spends a try on a GET without a proved visit; it runs
//! no script, loads nothing from elsewhere unasked, and keeps no state of its own that may not be
//! lost at any time.
//!
//! The way of a reader: [`link`] → `door` (who wrote) → `code` (prove the mailbox) → `letter`
//! (read), with `parts` (frames, attachments) and `reply` beside it. `guard` is around them all.

mod answers;
mod assets;
mod budget;
mod code;
mod cookies;
mod desk;
mod door;
mod download;
mod fetches;
mod file_name;
mod guard;
mod heft;
mod inline_style;
mod letter;
mod mailbox;
mod mailer;
mod mask;
mod opening;
mod outline;
mod parts;
mod people;
mod plain_text;
mod range;
mod reader;
mod refusal;
mod remembered;
mod reply;
mod rooms;
mod router;
pub mod sanitise;
mod setbacks;
pub mod settings;
mod shell;
mod summary;
mod tally;
mod texts;
mod ticket;
mod turns;
mod view;
mod visible;
mod well_known;

pub use desk::Viewer;
pub use mailer::{Mailer, MailerError, PasscodeMail, ReplyAttachment, ReplyEnd, ReplyMail};
pub use router::{link, router};
pub use settings::ViewerSettings;
pub use summary::{Summary, shown};
pub use tally::Tally;
pub use visible::visible;
