//! How fast letters are sealed and opened. It prints; it judges nothing.

use std::hint::black_box;
use std::time::Instant;

use seal::{Entropy, LetterId, SealedMessage};

/// Counted bytes: the bench measures the cipher, not the system's generator.
struct Counted(u8);

impl Entropy for Counted {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(self.0);
        self.0 = self.0.wrapping_add(1);
    }
}

fn main() {
    println!(
        "{:>10} {:>12} {:>12} {:>12}",
        "bytes", "seal MB/s", "open MB/s", "seal µs"
    );
    for size in [1_024, 4_096, 65_536, 1 << 20, 25 << 20] {
        let plain = vec![0x5a; size];
        let rounds = ((256 << 20) / (size + 4_096)).clamp(5, 50_000);
        let letter = LetterId::from_bytes([1; 16]);
        let mut entropy = Counted(0);
        let begin = Instant::now();
        for _ in 0..rounds {
            black_box(seal::seal(black_box(&plain), letter, &mut entropy));
        }
        let sealing = begin.elapsed().as_secs_f64() / rounds as f64;
        let (sealed, key) = seal::seal(&plain, letter, &mut entropy);
        let begin = Instant::now();
        for _ in 0..rounds {
            let sealed = SealedMessage::parse(black_box(&sealed));
            let opened = sealed.and_then(|sealed| sealed.open(&key));
            assert!(black_box(opened).is_ok());
        }
        let opening = begin.elapsed().as_secs_f64() / rounds as f64;
        let rate = |seconds: f64| size as f64 / seconds / 1e6;
        let (seal, open) = (rate(sealing), rate(opening));
        println!(
            "{size:>10} {seal:>12.0} {open:>12.0} {:>12.1}",
            sealing * 1e6
        );
    }
}
