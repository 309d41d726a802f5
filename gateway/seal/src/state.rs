//! Whether a grant still stands, and the mark that makes a changed record show.

use mail::Timestamp;

use crate::grant::Grant;
use crate::server_key::ServerKey;

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// It opens until then.
    Active {
        /// The first second at which it opens no more.
        expires: Timestamp,
    },
    /// Somebody ended it.
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// Its time ran out.
    Expired {
        /// When.
        at: Timestamp,
    },
}

impl GrantState {
    /// Nine bytes: what it is, and the time.
    fn canonical(&self) -> [u8; 9] {
        let (kind, time) = match self {
            Self::Active { expires } => (1, expires),
            Self::Revoked { at } => (2, at),
            Self::Expired { at } => (3, at),
        };
        let mut bytes = [kind; 9];
        bytes[1..].copy_from_slice(&time.unix().to_be_bytes());
        bytes
    }
}

/// What the records say of a grant beside the grant itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What the link's secret derives to ([`crate::LinkSecret::verifier`]).
    pub verifier: [u8; 32],
    /// When the letter was sealed.
    pub created: Timestamp,
    /// Whether the whole letter may be downloaded as it came, if the rights allow it.
    pub raw_download: bool,
    /// Whether it still opens.
    pub state: GrantState,
}

impl Standing {
    /// 50 bytes: verifier, time of sealing, download, state.
    fn canonical(&self) -> Vec<u8> {
        let mut bytes = self.verifier.to_vec();
        bytes.extend_from_slice(&self.created.unix().to_be_bytes());
        bytes.push(u8::from(self.raw_download));
        bytes.extend_from_slice(&self.state.canonical());
        bytes
    }
}

impl ServerKey {
    /// The mark of a grant's record: its own fields and where it stands.
    pub fn mark_standing(&self, grant: &Grant, standing: &Standing) -> [u8; 32] {
        self.mac("standing", &[&grant.canonical(), &standing.canonical()])
    }

    /// Whether the record is as it was marked; expiry and revocation cannot be changed unseen.
    pub fn stands(&self, grant: &Grant, standing: &Standing, mark: &[u8]) -> bool {
        self.verify(
            "standing",
            &[&grant.canonical(), &standing.canonical()],
            mark,
        )
    }
}
