//! What the header of one part says: read for its description, and judged by how others read it.
//!
//! It never looks for the parts inside.

use memchr::memmem;

use super::{Place, Scanner};
use crate::ambiguity::AmbiguityKind;
use crate::message::claims::{self, EncodingClaim, Fold};
use crate::message::field::Block;
use crate::message::names::{self, every_reading};
use crate::message::parameters::Parameterised;
use crate::message::part::{Part, PartPath, may_be_message};
use crate::message::transfer::TransferEncoding;
use crate::message::{WarningKind, words};

/// One field with its readings, ours first.
struct Stated<'raw> {
    raw: &'raw [u8],
    readings: Vec<Parameterised>,
}

/// Every reading of all of these.
fn all(fields: Vec<Stated<'_>>) -> Vec<Parameterised> {
    let readings = fields.into_iter().flat_map(|field| field.readings);
    readings.collect()
}

impl<'raw> Scanner<'raw> {
    pub(super) fn describe(
        &mut self,
        block: Block,
        end: usize,
        place: &Place,
        index: usize,
    ) -> Part {
        let raw = self.raw;
        let value = |name: &'static str| self.chosen(claims::values(raw, &block, name));
        let encoding = words::decode(value("content-transfer-encoding").unwrap_or_default());
        let content_id = value("content-id").map(words::decode);
        let kinds = self.stated(&block, "content-type");
        let showns = self.stated(&block, "content-disposition");
        let first = |fields: &[Stated<'_>]| {
            let field = self.chosen(fields.iter());
            field.map_or_else(Parameterised::default, |field| field.readings[0].clone())
        };
        let (kind, shown) = (first(&kinds), first(&showns));
        let media_type = self.media_type(&kind, place.default_type);
        // RFC 6522 §3: the header that comes back in a report is of another letter.
        let parent = place.parent.map(|parent| &self.out.parts[parent]);
        let is_returned = media_type == "text/rfc822-headers"
            && parent.is_some_and(|parent| parent.media_type == "multipart/report");
        let mut part = Part {
            path: place.path.clone(),
            body: block.body.min(end)..end,
            header: block.range,
            fields: block.fields,
            encoding: TransferEncoding::parse(&encoding),
            disposition: claims::disposition(&shown.value),
            shield: claims::shield(&media_type, &kind, place.shield),
            media_type,
            parameters: Vec::new(),
            file_names: Vec::new(),
            charsets: Vec::new(),
            content_id: content_id.map(|id| id.trim_matches(['<', '>', ' ']).to_owned()),
            index,
            parent: place.parent,
            inside_message: place.inside_message,
            of_letter: place.of_letter && !is_returned,
            is_set_aside: claims::is_set_aside(&shown.value),
        };
        if self.judges {
            self.judge_folds(&kinds, &showns, &part);
            self.judge_encoding(&encoding, &part.media_type, &part.path);
            let stated = self.chosen(kinds.iter()).map(|stated| stated.raw);
            let is_odd = stated.is_some_and(|stated| claims::is_odd_type(stated, &kind));
            let (kinds, showns) = (all(kinds), all(showns));
            if is_odd || claims::is_smime_doubtful(&part.media_type, &kinds) {
                self.ambiguous(AmbiguityKind::OddContentType, &part.path);
            }
            self.judge_parameters(&kind, &kinds, &showns, &part.path);
            part.file_names = self.judge_names(&kinds, &showns, &kind, &part);
            part.charsets = claims::charsets(&kinds);
        }
        part.parameters = kind.parameters;
        part.shield = claims::shield_by_name(&part);
        part
    }

    /// The one of several equal fields that counts.
    fn chosen<T>(&self, mut stated: impl Iterator<Item = T>) -> Option<T> {
        match self.reader.takes_last() {
            true => stated.last(),
            false => stated.next(),
        }
    }

    /// The fields of this name as all read them; where nothing is judged, the one that counts as
    /// we read it.
    fn stated(&self, block: &Block, name: &'static str) -> Vec<Stated<'raw>> {
        let values = claims::values(self.raw, block, name);
        if self.judges {
            let readings = values.map(|raw| Stated {
                raw,
                readings: every_reading(raw, &self.odd_left),
            });
            return readings.collect();
        }
        let ours = self.chosen(values).map(|raw| Stated {
            raw,
            readings: vec![Parameterised::parse(raw)],
        });
        ours.into_iter().collect()
    }

    fn judge_folds(&mut self, kinds: &[Stated<'_>], showns: &[Stated<'_>], part: &Part) {
        let body = &self.raw[part.body.clone()];
        for fields in [kinds, showns] {
            let Some(field) = self.chosen(fields.iter()) else {
                continue;
            };
            match claims::fold(field.raw, &field.readings, body) {
                Fold::Harmless => {}
                Fold::Boundary => self.warn(WarningKind::FoldedBoundary, &part.path),
                Fold::Doubtful => self.ambiguous(AmbiguityKind::FoldedParameter, &part.path),
            }
        }
    }

    /// Every name that the fields give a part; whether they or its boundaries are in doubt.
    fn judge_names(
        &mut self,
        kinds: &[Parameterised],
        showns: &[Parameterised],
        kind: &Parameterised,
        part: &Part,
    ) -> Vec<String> {
        let named = names::named(kinds, showns, &part.media_type);
        if named.are_doubtful {
            self.ambiguous(AmbiguityKind::SeveralFileNames, &part.path);
        }
        let body = &self.raw[part.body.clone()];
        if claims::is_cut_otherwise(kinds, kind.get("boundary"), body) {
            self.ambiguous(AmbiguityKind::DuplicateBoundary, &part.path);
        }
        named.names
    }

    fn media_type(&self, kind: &Parameterised, default: &str) -> String {
        let word = match self.reader.is_greedy() {
            true => &words::decode(kind.value.replace(['"', '\''], "").as_bytes()),
            false => &kind.value,
        };
        match word.split_once('/') {
            _ if self.reader.opens_more() && may_be_message(word) => "message/rfc822".to_owned(),
            Some((main, sub)) if !main.is_empty() && !sub.is_empty() => word.clone(),
            _ if self.reader.is_greedy() && word.starts_with("multipart") => {
                "multipart/mixed".to_owned()
            }
            _ if self.reader.is_greedy() && word.starts_with("message") => {
                "message/rfc822".to_owned()
            }
            _ => default.to_owned(),
        }
    }

    pub(super) fn boundary(&self, part: &Part) -> Option<Vec<u8>> {
        let mut named = part.parameters.iter().filter(|p| p.name == "boundary");
        let mut plain = named.clone().filter(|parameter| !parameter.extended);
        let stated = match self.reader.takes_last() {
            true => plain.next_back().or_else(|| named.next_back()),
            false => return self.stated_or_guessed(part, part.parameter("boundary")),
        };
        self.stated_or_guessed(part, stated.map(|parameter| parameter.value.as_str()))
    }

    /// The boundary, or, for a greedy reader, that of the first line that looks like a delimiter.
    fn stated_or_guessed(&self, part: &Part, stated: Option<&str>) -> Option<Vec<u8>> {
        let body = &self.raw[part.body.clone()];
        let stated = stated.map(|boundary| boundary.trim_end().as_bytes().to_vec());
        let is_there = |boundary: &Vec<u8>| memmem::find(body, boundary).is_some();
        if !self.reader.is_greedy() || !part.is_multipart() || stated.as_ref().is_some_and(is_there)
        {
            return stated;
        }
        let mut lines = body.split(|byte| *byte == b'\n');
        let guess = lines.find_map(|line| line.strip_prefix(b"--"));
        guess.map(|boundary| boundary.trim_ascii_end().to_vec())
    }

    fn judge_parameters(
        &mut self,
        kind: &Parameterised,
        kinds: &[Parameterised],
        showns: &[Parameterised],
        path: &PartPath,
    ) {
        if kinds.iter().chain(showns).any(|field| field.too_many) {
            self.ambiguous(AmbiguityKind::TooManyParameters, path);
        }
        if kind.all("boundary").nth(1).is_some() {
            self.ambiguous(AmbiguityKind::DuplicateBoundary, path);
        }
        if kind.all("charset").nth(1).is_some() {
            self.warn(WarningKind::DuplicateCharset, path);
        }
    }

    fn judge_encoding(&mut self, encoding: &str, media_type: &str, path: &PartPath) {
        // A container is cut as it stands: what its code would hold is read only where we undo it.
        let is_container =
            media_type.starts_with("multipart/") || media_type.starts_with("message/");
        let path = path.clone();
        let kind = match claims::encoding_claim(encoding) {
            EncodingClaim::Plain => return,
            EncodingClaim::Literal => return self.warn(WarningKind::OddTransferEncoding, &path),
            EncodingClaim::Sloppy if !is_container => {
                return self.warn(WarningKind::OddTransferEncoding, &path);
            }
            EncodingClaim::Sloppy | EncodingClaim::Odd => AmbiguityKind::OddTransferEncoding,
            EncodingClaim::Unknown => AmbiguityKind::UnknownTransferEncoding,
        };
        self.ambiguous(kind, &path);
    }

    pub(super) fn judge_header(&mut self, block: &Block, path: &PartPath) {
        let odd = block.oddities;
        if odd.too_many {
            self.ambiguous(AmbiguityKind::TooManyFields, path);
        }
        let states = |name| claims::values(self.raw, block, name).next().is_some();
        if odd.orphan_blank && (states("content-type") || states("content-transfer-encoding")) {
            self.ambiguous(AmbiguityKind::OddHeaderLine, path);
        } else if odd.orphan_fold {
            self.warn(WarningKind::OrphanFold, path);
        }
        if odd.quoted_mbox_line {
            self.warn(WarningKind::QuotedMboxLine, path);
        }
        if odd.blank_before_colon {
            match claims::blank_hides_content(self.raw, block) {
                true => self.ambiguous(AmbiguityKind::BlankBeforeColon, path),
                false => self.warn(WarningKind::BlankBeforeColon, path),
            }
        }
        let duplicates = [
            ("content-type", AmbiguityKind::DuplicateContentType),
            (
                "content-transfer-encoding",
                AmbiguityKind::DuplicateTransferEncoding,
            ),
            ("content-disposition", AmbiguityKind::DuplicateDisposition),
        ];
        for (name, kind) in duplicates {
            let mut stated = claims::values(self.raw, block, name);
            let first = stated.next();
            if stated.any(|value| !first.is_some_and(|first| claims::is_same(name, first, value))) {
                self.ambiguous(kind, path);
            }
        }
    }
}
