//! Reference words: what a reader compares between page and passcode mail.
//! They prove nothing to the server and open nothing.

use sha2::{Digest, Sha256};

/// Two plain words for a challenge (or a grant), such as `maple-river`.
///
/// They come from a hash, so that they tell nothing of the id they stand for.
pub fn reference_words(id: &[u8; 16]) -> String {
    let digest = Sha256::new()
        .chain_update(b"sealgate reference words 1")
        .chain_update(id)
        .finalize();
    format!(
        "{}-{}",
        WORDS[usize::from(digest[0])],
        WORDS[usize::from(digest[1])]
    )
}

/// 256 words that are easy to read aloud and hard to take for one another.
#[rustfmt::skip]
const WORDS: [&str; 256] = [
    "amber", "apple", "april", "arrow", "aspen", "atlas", "autumn", "bagel", "bamboo", "banjo",
    "barley", "basil", "beacon", "bell", "bicycle", "birch", "biscuit", "bison", "blanket",
    "blossom", "bolt", "border", "bottle", "branch", "brass", "bread", "breeze", "brick",
    "bridge", "bronze", "brook", "bucket", "butter", "button", "cabin", "cactus", "camel",
    "canal", "candle", "canoe", "canvas", "carbon", "carpet", "castle", "cedar", "cello",
    "chalk", "cherry", "chess", "cider", "cinnamon", "circle", "citrus", "clay", "cliff",
    "clock", "cloud", "clover", "coast", "cobalt", "coffee", "comet", "compass", "copper",
    "coral", "corner", "cotton", "cradle", "crane", "crayon", "creek", "cricket", "crystal",
    "curtain", "cushion", "dahlia", "daisy", "delta", "desert", "diamond", "dolomite", "dolphin",
    "domino", "dragon", "drum", "eagle", "earth", "echo", "elbow", "ember", "engine", "envelope",
    "falcon", "feather", "fern", "fiddle", "field", "finch", "firefly", "flame", "flint",
    "flute", "forest", "fossil", "fountain", "fox", "galaxy", "garden", "garlic", "ginger",
    "glacier", "globe", "gondola", "grain", "granite", "grape", "gravel", "guitar", "hammer",
    "hamster", "harbor", "harvest", "hazel", "heron", "hill", "honey", "horizon", "icicle",
    "indigo", "island", "ivory", "jacket", "jade", "jasmine", "jigsaw", "jungle", "juniper",
    "kayak", "kernel", "kettle", "kite", "ladder", "lagoon", "lake", "lantern", "larch",
    "laurel", "lavender", "lemon", "lentil", "lighthouse", "lily", "linen", "lizard", "lobster",
    "lotus", "magnet", "mango", "maple", "marble", "meadow", "melon", "mercury", "meteor",
    "mint", "mirror", "mitten", "moon", "mosaic", "mountain", "mulberry", "needle", "nest",
    "nickel", "north", "nutmeg", "oak", "oasis", "ocean", "olive", "onyx", "opal", "orange",
    "orbit", "orchid", "otter", "owl", "oyster", "paddle", "palm", "panda", "paper", "parade",
    "parrot", "peach", "peanut", "pearl", "pebble", "pencil", "pepper", "piano", "pigeon",
    "pillow", "pine", "planet", "plum", "pocket", "pond", "poppy", "prism", "pumpkin", "quartz",
    "quilt", "rabbit", "radish", "rain", "raven", "reed", "ribbon", "river", "robin", "rocket",
    "rope", "rose", "ruby", "saddle", "saffron", "sage", "salmon", "sand", "sapphire", "satin",
    "shell", "silver", "sparrow", "spiral", "spruce", "stone", "summer", "sunset", "swan",
    "tango", "teal", "thistle", "thunder", "tiger", "timber", "tulip", "turtle", "valley",
    "velvet", "violet", "walnut", "willow", "winter", "zebra",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stable_and_differ() {
        assert_eq!(reference_words(&[1; 16]), reference_words(&[1; 16]));
        assert_ne!(reference_words(&[1; 16]), reference_words(&[2; 16]));
        let mut words = WORDS.to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 256);
    }
}
