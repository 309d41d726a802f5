//! Files packed as other mailers pack them, for tests: uuencode, yEnc, TNEF.
#![allow(dead_code, reason = "each test uses some of these")]

/// POSIX uuencode.
pub fn uuencode(name: &str, content: &[u8]) -> String {
    let line = |chunk: &[u8]| {
        let sign = |value: u8| char::from(if value == 0 { b'`' } else { value + 32 });
        let mut out = String::from(sign(chunk.len() as u8));
        for three in chunk.chunks(3) {
            let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            out.extend([18, 12, 6, 0].map(|shift| sign((bits >> shift & 63) as u8)));
        }
        out + "\r\n"
    };
    let lines: String = content.chunks(45).map(line).collect();
    format!("begin 644 {name}\r\n{lines}`\r\nend\r\n")
}

/// yEnc in lines of 128.
pub fn yencode(name: &str, content: &[u8]) -> Vec<u8> {
    let size = content.len();
    let mut out = format!("=ybegin line=128 size={size} name={name}\r\n").into_bytes();
    for line in content.chunks(128) {
        for byte in line {
            let coded = byte.wrapping_add(42);
            match coded {
                0 | b'\n' | b'\r' | b'=' => out.extend([b'=', coded.wrapping_add(64)]),
                coded => out.push(coded),
            }
        }
        out.extend(b"\r\n");
    }
    out.extend(format!("=yend size={size}\r\n").bytes());
    out
}

/// A property of MS-OXTNEF: its type, its number, its value.
pub type Property<'a> = (u16, u16, &'a [u8]);

/// A container of these attributes.
pub fn tnef(attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
    out.extend(attributes.concat());
    out
}

fn attribute(level: u8, id: u16, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = vec![level];
    out.extend(id.to_le_bytes());
    out.extend(kind.to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    let sum: u16 = data
        .iter()
        .fold(0, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    out.extend(sum.to_le_bytes());
    out
}

/// An attribute that is a list of properties: of the message (0x9003), of a file (0x9005).
pub fn tnef_properties(id: u16, properties: &[Property<'_>]) -> Vec<u8> {
    let mut data = (properties.len() as u32).to_le_bytes().to_vec();
    for (kind, number, value) in properties {
        data.extend(kind.to_le_bytes());
        data.extend(number.to_le_bytes());
        data.extend(1u32.to_le_bytes());
        data.extend((value.len() as u32).to_le_bytes());
        data.extend(*value);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    attribute(if id == 0x9005 { 2 } else { 1 }, id, 6, &data)
}

/// One attached file.
pub fn tnef_file(name: &str, content: &[u8], properties: &[Property<'_>]) -> Vec<u8> {
    let title = [name.as_bytes(), b"\0"].concat();
    let mut out = attribute(2, 0x9002, 6, &[0; 14]);
    out.extend(attribute(2, 0x8010, 1, &title));
    out.extend(attribute(2, 0x800f, 6, content));
    if !properties.is_empty() {
        out.extend(tnef_properties(0x9005, properties));
    }
    out
}
