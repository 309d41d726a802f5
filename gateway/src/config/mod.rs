//! `sealgate.toml`: read whole, every mistake reported at once. It never reads a secret itself.
