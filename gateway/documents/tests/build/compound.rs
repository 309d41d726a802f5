//! Compound files and property sets built in memory: the least of MS-CFB that is still sound.

const SECTOR: usize = 512;
const END: u32 = 0xffff_fffe;
const FREE: u32 = 0xffff_ffff;
const NO_STREAM: u32 = 0xffff_ffff;
/// Streams below this length belong in the mini stream, so every one is padded above it.
const CUTOFF: usize = 4096;

/// A compound file with these streams, all in the root.
pub fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut sectors: Vec<u8> = Vec::new();
    let mut fat: Vec<u32> = Vec::new();
    let mut entries = vec![entry("Root Entry", 5, END, 0, 1)];
    let mut add = |bytes: &[u8], fat: &mut Vec<u32>| {
        let first = fat.len() as u32;
        let count = bytes.len().div_ceil(SECTOR).max(1);
        for number in 0..count {
            let next = first + number as u32 + 1;
            fat.push(if number + 1 == count { END } else { next });
        }
        sectors.extend(bytes);
        sectors.resize(fat.len() * SECTOR, 0);
        first
    };
    for (index, (name, bytes)) in streams.iter().enumerate() {
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().max(CUTOFF), 0);
        let first = add(&padded, &mut fat);
        // Each entry names the next as its right sibling: a list is a tree too.
        let right = if index + 1 == streams.len() {
            NO_STREAM
        } else {
            index as u32 + 2
        };
        entries.push(entry(name, 2, first, padded.len(), NO_STREAM));
        entries.last_mut().unwrap()[72..76].copy_from_slice(&right.to_le_bytes());
    }
    while entries.len() % 4 != 0 {
        entries.push([0; 128]);
    }
    let directory = add(&entries.concat(), &mut fat);
    let fat_start = fat.len() as u32;
    let fat_sectors = (fat.len() + 8).div_ceil(SECTOR / 4);
    fat.extend(vec![0xffff_fffd; fat_sectors]);
    fat.resize(fat_sectors * SECTOR / 4, FREE);
    sectors.extend(fat.iter().flat_map(|number| number.to_le_bytes()));
    let mut file = header(directory, fat_start, fat_sectors as u32);
    file.extend(sectors);
    file
}

fn header(directory: u32, fat_start: u32, fat_sectors: u32) -> Vec<u8> {
    let mut header = vec![0; SECTOR];
    header[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0x18, &[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    put(0x2c, &fat_sectors.to_le_bytes());
    put(0x30, &directory.to_le_bytes());
    put(0x38, &(CUTOFF as u32).to_le_bytes());
    put(0x3c, &END.to_le_bytes());
    put(0x44, &END.to_le_bytes());
    for number in 0..109 {
        let sector = if number < fat_sectors {
            fat_start + number
        } else {
            FREE
        };
        put(0x4c + 4 * number as usize, &sector.to_le_bytes());
    }
    header
}

fn entry(name: &str, kind: u8, start: u32, bytes: usize, child: u32) -> [u8; 128] {
    let mut entry = [0; 128];
    let units: Vec<u8> = name
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    entry[..units.len()].copy_from_slice(&units);
    entry[64] = units.len() as u8;
    entry[66] = kind;
    for (at, number) in [(68, NO_STREAM), (72, NO_STREAM), (76, child), (116, start)] {
        entry[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    entry[120..124].copy_from_slice(&(bytes as u32).to_le_bytes());
    entry
}

/// A `\x05DocumentSummaryInformation` stream with these user properties in its second set.
pub fn summary(properties: &[(String, String)], wide: bool) -> Vec<u8> {
    let first = set(&[], false);
    let second = set(properties, wide);
    let mut stream = vec![0xfe, 0xff, 0, 0];
    stream.resize(24, 0);
    stream.extend(2u32.to_le_bytes());
    let offset = 28 + 2 * 20;
    for at in [offset, offset + first.len()] {
        stream.extend([0; 16]);
        stream.extend((at as u32).to_le_bytes());
    }
    stream.extend(first);
    stream.extend(second);
    stream
}

fn set(properties: &[(String, String)], wide: bool) -> Vec<u8> {
    let text = |text: &str| -> Vec<u8> {
        let text = format!("{text}\0");
        if wide {
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else {
            text.into_bytes()
        }
    };
    let count = properties.len() + 2;
    let mut body: Vec<u8> = Vec::new();
    let mut index: Vec<u8> = Vec::new();
    let mut place = |id: u32, body: &Vec<u8>| {
        index.extend(id.to_le_bytes());
        index.extend((8 + 8 * count as u32 + body.len() as u32).to_le_bytes());
    };
    place(1, &body);
    let code_page: u16 = if wide { 1200 } else { 1252 };
    body.extend(2u32.to_le_bytes());
    body.extend(u32::from(code_page).to_le_bytes());
    place(0, &body);
    body.extend((properties.len() as u32).to_le_bytes());
    for (id, (name, _)) in properties.iter().enumerate() {
        body.extend((id as u32 + 2).to_le_bytes());
        body.extend((name.chars().count() as u32 + 1).to_le_bytes());
        body.extend(text(name));
        if wide {
            body.resize(body.len().next_multiple_of(4), 0);
        }
    }
    for (id, (_, value)) in properties.iter().enumerate() {
        place(id as u32 + 2, &body);
        let bytes = text(value);
        body.extend(if wide { 0x1fu32 } else { 0x1e }.to_le_bytes());
        let length = if wide { bytes.len() / 2 } else { bytes.len() };
        body.extend((length as u32).to_le_bytes());
        body.extend(bytes);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut set = ((8 + index.len() + body.len()) as u32)
        .to_le_bytes()
        .to_vec();
    set.extend((count as u32).to_le_bytes());
    set.extend(index);
    set.extend(body);
    set
}
