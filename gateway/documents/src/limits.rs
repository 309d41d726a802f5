//! Every bound this crate holds a file to, each with a name.
//!
//! A file that passes one of them is not "without a label": it is
//! [`Reason`](crate::Reason), and the rules treat it as unknown.

/// Files inside one archive. A large slide deck has a few thousand.
pub const ENTRIES_MAX: usize = 20_000;

/// Bytes of one part once inflated: properties, label lists and relationships are small.
pub const PART_BYTES_MAX: u64 = 1024 * 1024;

/// Bytes of one archived document once inflated, so that a document inside a zip is read; and of
/// a document in which a label is set.
pub const MEMBER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Bytes inflated for one file and all that lies inside it.
pub const INFLATED_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Inflated bytes for each byte of an archived document. Office files in a zip stay under 20;
/// deflate itself ends near 1,032.
pub const RATIO_MAX: u64 = 200;

/// Archives inside archives: a document in a zip in a `.tar.gz` (which is two).
pub const DEPTH_MAX: usize = 4;

/// Elements inside elements of one XML part.
pub const XML_DEPTH_MAX: usize = 64;

/// Tags, texts and references of one XML part.
pub const XML_EVENTS_MAX: usize = 100_000;

/// Attributes of one XML element.
pub const XML_ATTRIBUTES_MAX: usize = 256;

/// Groups inside groups of one Rich Text file.
pub const RTF_DEPTH_MAX: usize = 1_000;

/// Directory entries of one compound file (Office 97-2003).
pub const STREAMS_MAX: usize = 20_000;

/// Properties of one property set of a compound file, or of one Rich Text file.
pub const PROPERTIES_MAX: usize = 4_096;

/// Streams of one PDF that are looked into: packed objects, metadata, attached files.
pub const PDF_STREAMS_MAX: usize = 20_000;

/// Label attributes of one object of a PDF.
pub const PDF_NAMES_MAX: usize = 4_096;

/// Entries of a PDF's cross-reference sections in which a label is set, those counted that later
/// ones replace.
pub const PDF_OBJECTS_MAX: usize = 1_000_000;

/// The highest number of an object of such a PDF, those included that an update adds: ISO 32000-1
/// Annex C, table C.1. Readers refuse what is beyond it, or look for objects by themselves.
pub const PDF_NUMBER_MAX: u32 = 8_388_607;

/// Cross-reference sections of such a PDF: each save that appends adds one.
pub const PDF_SECTIONS_MAX: usize = 256;

/// Bytes of one dictionary of such a PDF that is taken apart.
pub const PDF_DICTIONARY_BYTES_MAX: usize = 1024 * 1024;

/// Entries of such a dictionary.
pub const PDF_KEYS_MAX: usize = 4_096;

/// Arrays and dictionaries inside one another in it.
pub const PDF_DEPTH_MAX: usize = 64;
