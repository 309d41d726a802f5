//! Outlook's own container (MS-OXTNEF), `winmail.dat`: the files and texts in it.
//!
//! It never trusts a stated length or count beyond the bytes that are there.

use super::rtf;
use crate::message::charset::Charset;
use crate::message::words::without_controls;
use crate::work;

const SIGNATURE: &[u8] = &[0x78, 0x9f, 0x3e, 0x22];
/// How many attributes of Outlook's container are read; with more it counts as unread.
pub const TNEF_ATTRIBUTES_MAX: usize = 20_000;
/// How many properties of one list in it are read; with more it counts as unread.
pub const TNEF_PROPERTIES_MAX: usize = 4_096;
/// How many values a property in it may have; with more it counts as unread.
pub const TNEF_VALUES_MAX: usize = 4_096;
/// How large its Rich Text may be when it is unpacked; a larger one counts as unread.
pub const TNEF_TEXT_BYTES_MAX: usize = 8 << 20;

/// What stands in one container.
#[derive(Default)]
pub(super) struct Found {
    pub files: Vec<File>,
    pub texts: Vec<Text>,
    /// Whether all of it was read.
    pub is_whole: bool,
}

/// One attached file.
#[derive(Default)]
pub(super) struct File {
    pub names: Vec<String>,
    pub media_type: String,
    pub content: Vec<u8>,
}

/// One form of the letter's text.
pub(super) struct Text {
    pub is_html: bool,
    pub text: String,
}

/// Whether the content begins like such a container.
pub(super) fn is_one(content: &[u8]) -> bool {
    content.starts_with(SIGNATURE)
}

/// MS-OXTNEF §2.1.3.2: an attribute: its level, its number, its data and a sum that readers do
/// not check.
struct Attribute<'a> {
    id: u16,
    data: &'a [u8],
}

/// Attributes of MS-OXTNEF §2.1.3.1 that name or hold something.
mod attribute {
    pub const OEM_CODEPAGE: u16 = 0x9007;
    pub const BODY: u16 = 0x800c;
    pub const MESSAGE_PROPERTIES: u16 = 0x9003;
    pub const ATTACH_REND_DATA: u16 = 0x9002;
    pub const ATTACH_TITLE: u16 = 0x8010;
    pub const ATTACH_DATA: u16 = 0x800f;
    pub const ATTACH_TRANSPORT_NAME: u16 = 0x9001;
    pub const ATTACH_PROPERTIES: u16 = 0x9005;
}

/// Properties of MS-OXPROPS that name or hold something.
mod property {
    pub const BODY: u16 = 0x1000;
    pub const RTF_COMPRESSED: u16 = 0x1009;
    pub const BODY_HTML: u16 = 0x1013;
    pub const DISPLAY_NAME: u16 = 0x3001;
    pub const ATTACH_DATA: u16 = 0x3701;
    pub const ATTACH_FILENAME: u16 = 0x3704;
    pub const ATTACH_LONG_FILENAME: u16 = 0x3707;
    pub const ATTACH_PATHNAME: u16 = 0x3708;
    pub const ATTACH_TRANSPORT_NAME: u16 = 0x370c;
    pub const ATTACH_LONG_PATHNAME: u16 = 0x370d;
    pub const ATTACH_MIME_TAG: u16 = 0x370e;
}

/// Reads one container.
pub(super) fn read(content: &[u8]) -> Found {
    work::looked_at(content.len());
    let mut found = Found {
        is_whole: true,
        ..Found::default()
    };
    let mut reader = Reader {
        rest: content.get(6..).unwrap_or_default(),
    };
    let mut charset = Charset::Unknown;
    for count in 0.. {
        if reader.rest.is_empty() {
            break;
        }
        let attribute = reader.attribute().filter(|_| count < TNEF_ATTRIBUTES_MAX);
        let Some(attribute) = attribute else {
            found.is_whole = false;
            break;
        };
        if attribute.id == attribute::OEM_CODEPAGE {
            charset = codepage(attribute.data);
        }
        found.take(&attribute, charset);
    }
    found
}

impl Found {
    fn take(&mut self, attribute: &Attribute<'_>, charset: Charset) {
        let data = attribute.data;
        match attribute.id {
            attribute::ATTACH_REND_DATA => self.files.push(File::default()),
            attribute::ATTACH_TITLE | attribute::ATTACH_TRANSPORT_NAME => {
                let name = name(data, charset);
                self.file().name(name);
            }
            attribute::ATTACH_DATA => self.file().content = data.to_vec(),
            attribute::ATTACH_PROPERTIES => self.attached(data, charset),
            attribute::BODY => self.text(false, charset.decode(data).into_owned()),
            attribute::MESSAGE_PROPERTIES => self.message(data, charset),
            _ => {}
        }
    }

    /// The file that attributes speak of: a container may leave out what should introduce it.
    fn file(&mut self) -> &mut File {
        if self.files.is_empty() {
            self.files.push(File::default());
        }
        let last = self.files.len() - 1;
        &mut self.files[last]
    }

    fn text(&mut self, is_html: bool, text: String) {
        let text = text.trim_end_matches('\0').to_owned();
        self.texts.push(Text { is_html, text });
    }

    fn attached(&mut self, data: &[u8], charset: Charset) {
        let (properties, is_whole) = properties(data);
        self.is_whole &= is_whole;
        let file = self.file();
        for Property { id, kind, value } in properties {
            match id {
                property::ATTACH_FILENAME
                | property::ATTACH_LONG_FILENAME
                | property::ATTACH_PATHNAME
                | property::ATTACH_LONG_PATHNAME
                | property::ATTACH_TRANSPORT_NAME
                | property::DISPLAY_NAME => file.name(string(kind, value, charset)),
                property::ATTACH_MIME_TAG => {
                    file.media_type = string(kind, value, charset).to_ascii_lowercase();
                }
                // An object's data stand behind the number of its interface.
                property::ATTACH_DATA if kind == kind::OBJECT => {
                    file.content = value.get(16..).unwrap_or_default().to_vec();
                }
                property::ATTACH_DATA => file.content = value.to_vec(),
                _ => {}
            }
        }
    }

    fn message(&mut self, data: &[u8], charset: Charset) {
        let (properties, is_whole) = properties(data);
        self.is_whole &= is_whole;
        for Property { id, kind, value } in properties {
            match id {
                property::BODY => self.text(false, string(kind, value, charset)),
                property::BODY_HTML => {
                    let text = match kind {
                        kind::BINARY => Charset::Unknown.decode(value).into_owned(),
                        kind => string(kind, value, charset),
                    };
                    self.text(true, text);
                }
                property::RTF_COMPRESSED => match rtf::decompress(value, TNEF_TEXT_BYTES_MAX) {
                    Some(rtf) => {
                        let (shown, markup) = rtf::texts(&rtf);
                        self.text(false, shown);
                        self.text(true, markup);
                    }
                    None => self.is_whole = false,
                },
                _ => {}
            }
        }
    }
}

impl File {
    fn name(&mut self, name: String) {
        if !name.is_empty() && !self.names.contains(&name) {
            self.names.push(name);
        }
    }
}

fn name(data: &[u8], charset: Charset) -> String {
    without_controls(&charset.decode(data))
}

/// MS-OXTNEF §2.1.3.4: the code page of strings that are not Unicode.
fn codepage(data: &[u8]) -> Charset {
    let number = data.get(..4).and_then(|bytes| bytes.try_into().ok());
    match number.map(u32::from_le_bytes) {
        Some(65_001) => Charset::parse(Some("utf-8")),
        Some(number @ (874 | 1250..=1258)) => Charset::parse(Some(&format!("windows-{number}"))),
        Some(number @ (932 | 936 | 949 | 950)) => Charset::parse(Some(&format!("cp{number}"))),
        Some(20_866) => Charset::parse(Some("koi8-r")),
        _ => Charset::Unknown,
    }
}

/// MS-OXCDATA §2.11.1: how a property's value is written.
mod kind {
    pub const OBJECT: u16 = 0x0d;
    pub const STRING_8: u16 = 0x1e;
    pub const STRING: u16 = 0x1f;
    pub const BINARY: u16 = 0x102;
    pub const SEVERAL: u16 = 0x1000;
}

fn string(kind: u16, value: &[u8], charset: Charset) -> String {
    let text = match kind & !kind::SEVERAL {
        kind::STRING => {
            let units = value.chunks_exact(2);
            let units = units.map(|two| u16::from_le_bytes([two[0], two[1]]));
            char::decode_utf16(units)
                .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        _ => charset.decode(value).into_owned(),
    };
    text.trim_end_matches('\0').to_owned()
}

struct Property<'a> {
    id: u16,
    kind: u16,
    value: &'a [u8],
}

/// MS-OXTNEF §2.1.3.5: a list of properties; the first value of each, and whether all were read.
fn properties(data: &[u8]) -> (Vec<Property<'_>>, bool) {
    let mut reader = Reader { rest: data };
    let Some(count) = reader.number() else {
        return (Vec::new(), data.is_empty());
    };
    let mut found = Vec::new();
    for read in 0..count {
        let property = reader.property().filter(|_| read < TNEF_PROPERTIES_MAX);
        match property {
            Some(property) => found.push(property),
            None => return (found, false),
        }
    }
    (found, true)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(bytes)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.bytes(2)?.try_into().ok()?))
    }

    fn number(&mut self) -> Option<usize> {
        let number = u32::from_le_bytes(self.bytes(4)?.try_into().ok()?);
        usize::try_from(number).ok()
    }

    /// Bytes that are followed by as many more as make them a multiple of four.
    fn padded(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.bytes(count)?;
        let padding = (4 - count % 4) % 4;
        // The last value of a list may lack its padding.
        self.rest = self.rest.get(padding..).unwrap_or_default();
        Some(bytes)
    }

    fn attribute(&mut self) -> Option<Attribute<'a>> {
        let _level = self.bytes(1)?;
        let (id, _type) = (self.short()?, self.short()?);
        let length = self.number()?;
        let data = self.bytes(length)?;
        let _sum = self.bytes(2)?;
        Some(Attribute { id, data })
    }

    fn property(&mut self) -> Option<Property<'a>> {
        let (kind, id) = (self.short()?, self.short()?);
        if id >= 0x8000 {
            self.named()?;
        }
        let several = kind & kind::SEVERAL != 0;
        let value = match kind & !kind::SEVERAL {
            kind::OBJECT | kind::STRING_8 | kind::STRING | kind::BINARY => self.variable()?,
            fixed => {
                let bytes = fixed_bytes(fixed)?;
                let count = if several { self.number()? } else { 1 };
                self.bytes(count.checked_mul(bytes)?)?
            }
        };
        Some(Property { id, kind, value })
    }

    /// MS-OXTNEF §2.1.3.5: a set's GUID, then a number or a name in UTF-16.
    fn named(&mut self) -> Option<()> {
        self.bytes(16)?;
        match self.number()? {
            0 => drop(self.bytes(4)?),
            _ => {
                let length = self.number()?;
                self.padded(length)?;
            }
        }
        Some(())
    }

    /// A count, then so many values with their lengths; the first.
    fn variable(&mut self) -> Option<&'a [u8]> {
        let count = self.number().filter(|count| *count <= TNEF_VALUES_MAX)?;
        let mut first = None;
        for _ in 0..count {
            let length = self.number()?;
            let value = self.padded(length)?;
            first.get_or_insert(value);
        }
        Some(first.unwrap_or_default())
    }
}

/// How many bytes a value of fixed length takes in a list, padding included.
fn fixed_bytes(kind: u16) -> Option<usize> {
    match kind {
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        0x00 | 0x01 => Some(0),
        _ => None,
    }
}
