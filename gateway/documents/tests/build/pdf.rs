//! PDFs built in memory, with cross-references that are right.

use std::io::Write;

/// A PDF in the making: objects, then a section, then more of both.
pub struct Pdf {
    pub bytes: Vec<u8>,
    places: Vec<(u32, Place)>,
    sections: usize,
    last: usize,
}

#[derive(Clone, Copy)]
enum Place {
    At(usize),
    Packed(u32, usize),
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

impl Pdf {
    pub fn new() -> Self {
        Self {
            bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            places: Vec::new(),
            sections: 0,
            last: 0,
        }
    }

    /// A catalog as object 1, a page as 2 and 3.
    pub fn with_page(catalog: &str) -> Self {
        let catalog = format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>");
        let pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
        let page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Resources << >> >>";
        Self::new()
            .object(1, catalog.as_bytes())
            .object(2, pages)
            .object(3, page)
    }

    pub fn object(mut self, number: u32, body: &[u8]) -> Self {
        self.places.push((number, Place::At(self.bytes.len())));
        self.bytes.extend(format!("{number} 0 obj\n").bytes());
        self.bytes.extend_from_slice(body);
        self.bytes.extend_from_slice(b"\nendobj\n");
        self
    }

    pub fn stream(self, number: u32, dictionary: &str, data: &[u8]) -> Self {
        let mut body = format!("<< {dictionary} /Length {} >>\nstream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.object(number, &body)
    }

    /// Objects packed in one stream, deflated.
    pub fn packed(mut self, stream: u32, objects: &[(u32, &[u8])]) -> Self {
        let (mut index, mut body) = (String::new(), Vec::new());
        for (at, (number, object)) in objects.iter().enumerate() {
            index.push_str(&format!("{number} {} ", body.len()));
            body.extend_from_slice(object);
            body.push(b' ');
            self.places.push((*number, Place::Packed(stream, at)));
        }
        let (count, first) = (objects.len(), index.len());
        let dictionary = format!("/Type /ObjStm /N {count} /First {first} /Filter /FlateDecode");
        self.stream(
            stream,
            &dictionary,
            &deflate(&[index.as_bytes(), &body].concat()),
        )
    }

    /// Ends a section with a table.
    pub fn table(mut self, size: u32, trailer: &str) -> Self {
        let at = self.bytes.len();
        let first = if self.sections == 0 {
            "0 1\n0000000000 65535 f \n"
        } else {
            ""
        };
        self.bytes.extend(format!("xref\n{first}").bytes());
        for (number, place) in std::mem::take(&mut self.places) {
            if let Place::At(at) = place {
                let entry = format!("{number} 1\n{at:010} 00000 n \n");
                self.bytes.extend(entry.bytes());
            }
        }
        let prev = self.prev();
        let end = format!("trailer\n<< /Size {size} {prev} {trailer} >>\n");
        self.bytes.extend(end.bytes());
        self.end(at)
    }

    /// Ends a section with a stream, whose rows are predicted or not.
    pub fn references(mut self, number: u32, trailer: &str, predicted: bool) -> Self {
        let at = self.bytes.len();
        self.put_references(number, trailer, predicted);
        self.end(at)
    }

    /// A hybrid: what is packed is told in a stream, all else in a table that names it.
    pub fn hybrid(mut self, number: u32, trailer: &str) -> Self {
        let at = self.bytes.len();
        let in_table = self.places.clone();
        self.put_references(number, "", false);
        self.places = in_table;
        self.table(number + 1, &format!("{trailer} /XRefStm {at}"))
    }

    fn put_references(&mut self, number: u32, trailer: &str, predicted: bool) {
        let mut places = std::mem::take(&mut self.places);
        places.push((number, Place::At(self.bytes.len())));
        let (mut index, mut rows) = (String::new(), Vec::new());
        let mut before = [0u8; 7];
        for (number, place) in places {
            index.push_str(&format!("{number} 1 "));
            let (kind, second, third) = match place {
                Place::At(at) => (1, at as u32, 0),
                Place::Packed(stream, at) => (2, stream, at as u16),
            };
            let mut row = vec![kind];
            row.extend(second.to_be_bytes());
            row.extend(third.to_be_bytes());
            if predicted {
                rows.push(2);
            }
            let above = if predicted { before } else { [0; 7] };
            rows.extend(
                row.iter()
                    .zip(above)
                    .map(|(byte, above)| byte.wrapping_sub(above)),
            );
            before.copy_from_slice(&row);
        }
        let parameters = match predicted {
            true => "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 7 >>",
            false => "",
        };
        let data = if predicted { deflate(&rows) } else { rows };
        let prev = self.prev();
        let size = number + 1;
        let dictionary = format!(
            "/Type /XRef /Size {size} /W [1 4 2] /Index [{index}] {prev} {parameters} {trailer}"
        );
        let own = std::mem::replace(self, Self::new()).stream(number, &dictionary, &data);
        *self = own;
        self.places.clear();
    }

    fn prev(&self) -> String {
        match self.sections {
            0 => String::new(),
            _ => format!("/Prev {}", self.last),
        }
    }

    fn end(mut self, at: usize) -> Self {
        self.bytes
            .extend(format!("startxref\n{at}\n%%EOF\n").bytes());
        self.sections += 1;
        self.last = at;
        self
    }
}
