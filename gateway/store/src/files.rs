//! Sealed letters as files: long ones written aside, synced, renamed, folder synced; shorter ones
//! together in packs.
//! File names are made from ids of ours; nothing from outside ever becomes a path.

use std::fs::{DirBuilder, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use mail::Timestamp;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use seal::LetterId;

use crate::blobs::Blobs;
use crate::error::StoreError;
use crate::packs::{Berth, Entry, Packed, Packs};

type Result<T> = std::result::Result<T, StoreError>;

/// The ending of a sealed letter's file.
const ENDING: &str = "sealed";
/// A file that is written to see whether files can be.
const PROBE: &str = "probe";
/// The folder of the packs.
const PACKS: &str = "packs";

/// Sealed letters as files in one folder.
pub struct Files {
    folder: LocalFileSystem,
    packs: Arc<Packs>,
}

impl Files {
    /// Opens the folder at `location` (`file:PATH`), making it if it is not there.
    pub fn open(location: &str) -> Result<Self> {
        let wrong = |why| StoreError::Location {
            location: location.to_owned(),
            why,
        };
        let path = location
            .strip_prefix("file:")
            .ok_or_else(|| wrong("it must be file:PATH"))?;
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(wrong("the path of the folder is missing"));
        }
        make_folder(Path::new(path)).map_err(|source| StoreError::File {
            doing: "make the folder of sealed letters",
            source,
        })?;
        let folder = LocalFileSystem::new_with_prefix(path).map_err(blob("open the blobs"))?;
        // `with_fsync` is off by default: without it a letter may be gone after a power cut.
        Ok(Self {
            folder: folder.with_fsync(true),
            packs: Arc::new(Packs::open(Path::new(path).join(PACKS))),
        })
    }

    /// Does what waits for a disk on a thread for that.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Packs) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let packs = self.packs.clone();
        let done = tokio::task::spawn_blocking(move || work(&packs)).await;
        done.map_err(|_| StoreError::Stopped)?
    }
}

#[async_trait]
impl Blobs for Files {
    async fn put_blob(&self, letter: LetterId, sealed: Bytes) -> Result<()> {
        let (name, sealed) = (name(letter), PutPayload::from_bytes(sealed));
        match self
            .folder
            .put_opts(&name, sealed, PutMode::Create.into())
            .await
        {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => Err(StoreError::Exists {
                what: "a sealed letter",
            }),
            Err(source) => Err(blob("write a sealed letter")(source)),
        }
    }

    async fn blob(&self, letter: LetterId, range: Option<Range<u64>>) -> Result<Option<Bytes>> {
        let read = match range {
            Some(range) => self.folder.get_range(&name(letter), range).await,
            None => match self.folder.get(&name(letter)).await {
                Ok(found) => found.bytes().await,
                Err(error) => Err(error),
            },
        };
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(blob("read a sealed letter")(source)),
        }
    }

    async fn delete_blob(&self, letter: LetterId) -> Result<()> {
        match self.folder.delete(&name(letter)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(blob("delete a sealed letter")(source)),
        }
    }

    async fn blobs(&self) -> Result<Vec<(LetterId, Timestamp)>> {
        let listed = self.folder.list_with_delimiter(None).await;
        let mut letters = Vec::new();
        for folder in listed.map_err(blob("list the blobs"))?.common_prefixes {
            let listed = self.folder.list_with_delimiter(Some(&folder)).await;
            for file in listed.map_err(blob("list the blobs"))?.objects {
                let written = Timestamp::from_unix(file.last_modified.timestamp());
                letters.extend(letter_of(&file.location).map(|letter| (letter, written)));
            }
        }
        Ok(letters)
    }

    async fn pack(
        &self,
        letter: LetterId,
        sealed: Bytes,
        now: Timestamp,
    ) -> Result<Option<Packed>> {
        self.aside(move |packs| packs.add(letter, &sealed, now).map(Some))
            .await
    }

    async fn packed(
        &self,
        letter: LetterId,
        berth: Berth,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>> {
        self.aside(move |packs| packs.read(letter, berth, range))
            .await
    }

    async fn unpack(&self, letter: LetterId, berth: Berth) -> Result<()> {
        self.aside(move |packs| packs.remove(letter, berth)).await
    }

    async fn packs(&self) -> Result<Vec<u64>> {
        self.aside(Packs::list).await
    }

    async fn in_pack(&self, pack: u64) -> Result<Vec<Entry>> {
        self.aside(move |packs| packs.entries(pack)).await
    }

    async fn delete_pack(&self, pack: u64) -> Result<()> {
        self.aside(move |packs| packs.delete(pack)).await
    }

    async fn pack_is_clean(&self, pack: u64) -> Result<()> {
        self.aside(move |packs| {
            packs.remember_clean(pack);
            Ok(())
        })
        .await
    }

    async fn health(&self) -> Result<()> {
        let probe = Name::from(PROBE);
        let written = self
            .folder
            .put(&probe, PutPayload::from_static(b"alive"))
            .await;
        written.map(|_| ()).map_err(blob("write among the blobs"))
    }
}

/// `ab/….sealed`: hexadecimal, since some file systems do not tell cases apart.
fn name(letter: LetterId) -> Name {
    let hex: String = letter
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Name::from(format!("{}/{hex}.{ENDING}", &hex[..2]))
}

/// The letter that a file name stands for.
fn letter_of(name: &Name) -> Option<LetterId> {
    let (hex, ending) = name.filename()?.split_once('.')?;
    if ending != ENDING || hex.len() != 32 || !hex.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(LetterId::from_bytes(bytes))
}

fn blob(doing: &'static str) -> impl FnOnce(object_store::Error) -> StoreError {
    move |source| StoreError::Blob { doing, source }
}

/// Makes a folder that only we may enter, and syncs every folder it was made in.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    make_folder(parent)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(parent)?.sync_all()
}
